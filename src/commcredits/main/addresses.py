"""How a listener on some host is reached from this machine.

Knows that "every address" is nobody's address. Refuses to know names.
"""

from __future__ import annotations

LOOPBACK = "127.0.0.1"


def loopback_of(host: str) -> str:
    """The address at which this machine reaches a listener on ``host``; loopback where it listens on all."""
    return {"": LOOPBACK, "0.0.0.0": LOOPBACK, "::": "::1"}.get(host, host)  # noqa: S104 - recognised, not bound


def base_url(scheme: str, host: str, port: int) -> str:
    """The address of a listener as a URL without a path."""
    address = loopback_of(host)
    return f"{scheme}://[{address}]:{port}" if ":" in address else f"{scheme}://{address}:{port}"
