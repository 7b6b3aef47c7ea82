"""The hot charging endpoints: a small HTTP/1.1 listener of our own in front of the committer.

Knows bytes on a connection, the charging wire format and how the two meet. Refuses to know rates, balances, storage
and what becomes of a command: it hands each one to a submitter and writes down what comes back, in request order.
"""
