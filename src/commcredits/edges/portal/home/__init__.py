"""An organization's home, and the live parts of pages."""
