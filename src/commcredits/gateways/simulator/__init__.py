"""The simulated gateway: a payment provider in one small process, for demos, tests and rehearsals.

It keeps its books in one SQLite file, speaks HTTP on loopback, and misbehaves on request. It stands for somebody
else's service, so it shares nothing with the product but the conversion of currencies: `server` and what it uses is
the provider's side, `client` is our plug-in, `control` is for whoever stages a scene.
"""
