"""Prepaid communication credits for telephony; ARCHITECTURE.md shows how the package is laid out."""
