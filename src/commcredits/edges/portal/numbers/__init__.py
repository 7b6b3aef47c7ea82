"""The pages of telephone numbers: the organization's own, and those that it can have."""
