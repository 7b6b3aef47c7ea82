"""Credit control over Diameter (RFC 8506; 3GPP TS 32.299, Ro and Gy): requests into commands, outcomes into answers.

Knows sessions, events, units and result codes. Refuses to know sockets and peers' manners, which are the base's, and
what anything costs.
"""
