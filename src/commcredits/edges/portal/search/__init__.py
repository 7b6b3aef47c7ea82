"""The page of the one search over users, numbers, calls and receipts."""
