"""Charging over RADIUS: authentication and accounting (RFC 2865, RFC 2866), and changes to running calls (RFC 5176)."""
