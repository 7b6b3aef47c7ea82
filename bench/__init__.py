"""Benchmarks of charging: ratios measured in one run, with database, server and load on one machine."""
