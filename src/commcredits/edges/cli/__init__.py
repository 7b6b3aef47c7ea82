"""The command line: every operation by a word, for people at a terminal and for scripts."""
