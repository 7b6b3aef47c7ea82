"""Rating in columns: many call records at once, to the millionth what the core makes of each.

Knows prefixes, increments, bands, steps and roundings as joins and whole numbers over columns (docs/columnar.md).
Refuses to know accounts, pools and the database. Its libraries are the extra ``columnar``; they are imported by whoever
rates, so that everything else starts without them.
"""
