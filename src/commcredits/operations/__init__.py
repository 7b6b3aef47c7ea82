"""What the product does, one function per thing: load, decide, record.

Every operation takes the Services first and its own arguments by name, and returns a record or a Refused. Operations
know storage, gateways and the core; they refuse to know HTTP, pages, command lines and languages.
"""
