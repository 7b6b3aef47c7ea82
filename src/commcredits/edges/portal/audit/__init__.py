"""The pages of the audit log: an organization's own, and everything for the operator's people."""
