"""The portal: pages on which administrators see the balance, add funds and set auto-recharge.

Knows HTML, cookies, languages and how money is shown. Refuses to know the operations behind its pages: they arrive as
the protocol in ``ports`` and answer with view records.
"""
