"""Charging over Diameter: the base protocol (RFC 6733), and credit control on top of it (RFC 8506, TS 32.299).

The base knows bytes, connections and peers. Refuses to know what is charged.
"""
