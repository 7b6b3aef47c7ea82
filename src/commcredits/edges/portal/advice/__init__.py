"""Advice: what to set, which plan, what the month will cost, what is unusual, what expires."""
