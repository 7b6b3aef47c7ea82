"""Calls: the list, one of them explained, and why a call may or may not be made now."""
