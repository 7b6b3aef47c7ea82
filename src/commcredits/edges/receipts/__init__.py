"""Receipts as people and programs read them: HTML, PDF and e-invoice, in each language.

Knows layouts, labels and formats. Refuses to know who asks: every edge that shows or sends a receipt renders it here.
"""
