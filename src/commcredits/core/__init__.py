"""The pure core: values in, decisions out.

Knows money, funds, tariffs, calls and recharges. Refuses to know any database, network, clock, randomness or
log: whatever a decision needs is an argument, whatever it changes is in its result.
"""
