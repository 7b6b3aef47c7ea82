"""The operator's console: pages over all organizations."""
