"""The story told by a FreeSWITCH whose calls connect to us: each has a socket of its own, beside the link.

Knows nothing more than the teller whose calls park.
"""

from __future__ import annotations

from typing import Final

from commcredits.operations.switch_parts import SwitchParts
from tests.stories.one_call.tellers.freeswitch import CANNOT, PROTOCOL, FreeswitchTeller

__all__ = ["CANNOT", "NAME", "PROTOCOL", "open_teller"]

NAME: Final = "freeswitch-socket"


async def open_teller(parts: SwitchParts) -> FreeswitchTeller:
    """A switch that the edge is linked to, and whose calls open sockets."""
    teller = FreeswitchTeller(parts, sockets=True)
    await teller.open()
    return teller
