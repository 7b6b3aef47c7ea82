"""Usage: the calls of a period as a chart and a table, and their exports."""
