"""What a switch can say about a call, and what it hears: the contract of everything that tells the story of one call.

Knows the verbs and the words of the answers. Refuses to know protocols: each has a module in ``tellers/`` that speaks
its real wire over a real socket to the real edge.

A module ``tellers/<name>.py`` is found by itself and defines

    NAME      what the teller is called in the names of tests, such as "diameter"
    PROTOCOL  the protocol of its switches, as ``CallRequest.switch`` begins; empty where calls carry none
    CANNOT    the variants (names in ``variants.py``) that its protocol cannot tell, each with a sentence that says why
    open_teller(parts) -> Teller
              starts the edge in this process on a free port of loopback, and connects to it

The rules:

* ``call_id`` is the story's own name of a call, such as "first". A teller makes the id of its wire out of it; the
  ledgers are compared without ids.
* Time stands still unless the story moves it (``parts.desk.clock``). A variant takes under a second: an edge that holds
  the timer itself is made to ask again by ``update``, whatever its timer says.
* Nothing that the switch must remember to finish a call may come from our memory: ``restart_edge`` starts the edge
  anew, and whatever the switch holds of the call (echoed variables, its own ids) is kept by the teller.
* A verb returns once the edge has answered it, or, where the wire answers nothing, once the charging behind it is
  durable: what the story does next finds it done.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from commcredits.operations.switch_parts import SwitchParts

UNSAID: Final = "unsaid"
"""The code of a refusal whose protocol does not tell refusals apart (or not this one from others)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a switch hears when it asks. What its protocol does not say is None, and is not compared.

    ``granted_seconds`` is the TOTAL that the call may last from its answer, as the switch understands it; None for a
    refusal. ``refused`` is the value of the core's refusal code, UNSAID where the wire does not say which, and empty
    when the call may go on. ``final``: whether money limits the grant, and the switch is to cut at its end.
    """

    granted_seconds: int | None = None
    refused: str = ""
    final: bool | None = None


class Teller(Protocol):
    """One switch, connected to one edge. Times are seconds of talking, counted from the answer, and cumulative."""

    async def authorise(self, caller: str, callee: str, *, call_id: str, slice_seconds: int | None = None) -> Told:
        """Ask whether a call may be made. Numbers are +E.164; an emergency number is as it is dialled.

        ``slice_seconds`` asks for a slice of that length; only variants that say so use it.
        """
        ...

    async def start(self, call_id: str) -> None:
        """The call was answered now. Nothing where the protocol has no word for it."""
        ...

    async def update(self, call_id: str, used_seconds: int) -> Told:
        """Report what was used and ask for more. Told() where the protocol answers nothing."""
        ...

    async def end(self, call_id: str, used_seconds: int) -> None:
        """The call is over after so many seconds; 0 means that it was never answered. Refusals are not told apart."""
        ...

    async def repeat_last(self) -> Told:
        """Send the last message once more, the very same, as a retransmission; what is heard this time."""
        ...

    async def lose_connection(self) -> None:
        """Break the connection without a goodbye; the next verb connects again. Nothing where there is none."""
        ...

    async def restart_edge(self) -> None:
        """Stop the edge and start it anew with the same parts, on the same port or another; connect again."""
        ...

    async def aclose(self) -> None:
        """Close the connection and stop the edge. Leaves no task and no socket."""
        ...


class OpenTeller(Protocol):
    """``open_teller`` of a module in ``tellers/``."""

    async def __call__(self, parts: SwitchParts) -> Teller:
        """Start the edge with these parts and connect to it."""
        ...
