"""The HTTP interfaces: charging on a listener of our own, administration on FastAPI, one table of problems for both."""
