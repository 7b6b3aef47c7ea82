"""The page of an organization's settings."""
