"""Asterisk: calls held over ARI, and FastAGI for simple set-ups."""
