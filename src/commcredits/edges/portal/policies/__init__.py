"""The pages of policies, caps and limits."""
