"""Reports: spending, statements, minute pools, blocked users, conference dial-out."""
