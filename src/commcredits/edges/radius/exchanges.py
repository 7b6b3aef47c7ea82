"""One request in work: who sent it, what it says, and how it is answered.

Knows how an answer is proven, sent and remembered. Refuses to know what is asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from commcredits.core.outcomes import Outcome, Refused
from commcredits.edges.radius.attributes import Code
from commcredits.edges.radius.clients import Client
from commcredits.edges.radius.packets import Packet, PacketError, write_reply
from commcredits.edges.radius.refusals import is_trouble
from commcredits.edges.radius.repeats import Repeats

Source = tuple[Any, ...]
"""A socket address, as asyncio gives it."""


class Sender(Protocol):
    """Where answers leave."""

    def send(self, datagram: bytes, source: Source) -> None:
        """Send it, or drop it where the way is blocked: the sender asks again."""
        ...

    def settled(self) -> None:
        """A request is not in work any more."""
        ...


class Exchange:
    """It is answered or dropped once; after that nothing more happens to it."""

    __slots__ = ("_key", "_open", "_repeats", "_sender", "client", "packet", "source")

    def __init__(self, sender: Sender, repeats: Repeats, client: Client, packet: Packet, source: Source) -> None:
        self._sender = sender
        self._repeats = repeats
        self._key = (str(source[0]), int(source[1]), packet.identifier)
        self._open = True
        self.client = client
        self.packet = packet
        self.source = source

    @property
    def host(self) -> str:
        """The address it came from."""
        return self._key[0]

    def is_new(self) -> bool:
        """Whether it is to be worked on; a repetition gets its answer again, if there is one already."""
        if self._repeats.is_new(self._key, self.packet.authenticator):
            return True
        reply = self._repeats.answer(self._key, self.packet.authenticator)
        if reply is not None:
            self._sender.send(reply, self.source)
        return False

    def answer(self, code: Code, attributes: Iterable[tuple[int, bytes]] = (), *, proven: bool = True) -> None:
        """Send this answer, and again whenever the request is repeated.

        A request can carry so much Proxy-State that no answer holds it: that one gets none.
        """
        try:
            reply = write_reply(self.packet, code, attributes, self.client.secret, proven=proven)
        except PacketError:
            self.drop()
            return
        if not self._open:
            return
        self._open = False
        self._repeats.remember(self._key, self.packet.authenticator, reply)
        self._sender.send(reply, self.source)
        self._sender.settled()

    def acknowledge(self) -> None:
        """Answer an accounting request.

        Without Message-Authenticator: RFC 2866 has none, and those who have it there compute it in ways of their own.
        """
        self.answer(Code.ACCOUNTING_RESPONSE, proven=False)

    def settle(self, outcome: Outcome) -> None:
        """Answer an accounting request whose outcome this is; after trouble of ours, let it come again."""
        if isinstance(outcome, Refused) and is_trouble(outcome.code):
            self.drop()
        else:
            self.acknowledge()

    def drop(self) -> None:
        """Say nothing; the same request will be worked on when it comes again."""
        if not self._open:
            return
        self._open = False
        self._repeats.forget(self._key, self.packet.authenticator)
        self._sender.settled()
