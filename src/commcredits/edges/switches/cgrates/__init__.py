"""JSON-RPC as CGRateS speaks it: what OpenSIPS' module ``cgrates`` asks and hears, and any other client of SessionSv1.

Knows the methods, the fields of an event and the words of errors. Refuses to know rates, balances and who pays.
"""
