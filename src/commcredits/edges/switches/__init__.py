"""Edges of switches: what each kind of switch says on its own wire, and what they share."""
