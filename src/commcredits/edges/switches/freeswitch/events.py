"""What FreeSWITCH tells of a call: its events, and a call's data in the same form.

Knows names, microseconds and that values are URL-encoded. Refuses to know what is done about an event.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

from commcredits.edges.switches.freeswitch.framing import FramingError, read_headers

MICROSECONDS: Final = 1_000_000

_NUMBER: Final = re.compile(r"[0-9]{1,18}", re.ASCII)


class Event:
    """One event; also what ``connect`` and ``uuid_dump`` answer. Values are decoded when they are asked for."""

    __slots__ = ("_encoded",)

    def __init__(self, encoded: Mapping[str, str]) -> None:
        self._encoded = encoded

    def text(self, name: str) -> str:
        """A value; empty where there is none."""
        return unquote(self._encoded.get(name.lower(), ""), errors="replace")

    def variable(self, name: str) -> str:
        """A variable of the call; empty where it is not set."""
        return self.text(f"variable_{name}")

    def number(self, name: str) -> int:
        """A value that is a number, from 0; 0 where there is none."""
        text = self.text(name)
        return int(text) if _NUMBER.fullmatch(text) else 0

    @property
    def name(self) -> str:
        """What has happened, such as ``CHANNEL_ANSWER``."""
        return self.text("event-name")

    @property
    def uuid(self) -> str:
        """Which call it has happened to, by the switch's own id."""
        return self.text("unique-id")

    @property
    def told_at(self) -> int:
        """When it was told, in microseconds of the switch's clock."""
        return self.number("event-date-timestamp")

    @property
    def created_at(self) -> int:
        """When the call came in; microseconds."""
        return self.number("caller-channel-created-time")

    @property
    def answered_at(self) -> int:
        """When the call was answered; 0: not yet."""
        return self.number("caller-channel-answered-time")

    @property
    def hung_up_at(self) -> int:
        """When the call ended; 0: not yet."""
        return self.number("caller-channel-hangup-time")


def read_event(body: bytes, headers_max: int) -> Event:
    """The event in the body of a ``text/event-plain``, or in the answer to ``uuid_dump``. FramingError when none.

    An event can have a body of its own behind its header; nothing here needs one.
    """
    header, _blank, _own_body = body.partition(b"\n\n")
    headers = read_headers(header, headers_max)
    if not headers:
        raise FramingError("event without a header")
    return Event(headers)
