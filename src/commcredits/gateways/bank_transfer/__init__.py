"""Payments that a person confirms: bank transfers and purchase orders (see `gateway`)."""
