"""Asterisk's events and resources as JSON shows them, read strictly where they matter.

Knows names and types of fields (Asterisk 22's events.json). Refuses to know what follows from an event.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import msgspec

CALL_VARIABLE: Final = "COMMCREDITS_CALL"
"""The channel variable that carries a call through our restarts; ari.conf may show it on every channel."""


class Dialplan(msgspec.Struct, frozen=True, kw_only=True):
    """Where a channel is; ``app_data`` begins with the name of the Stasis application."""

    app_name: str = ""
    app_data: str = ""


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """A channel; ``state`` is Down, Ring, Ringing, Up, and others that mean nothing here."""

    id: str
    state: str = ""
    channelvars: dict[str, str] | None = None


class Bridge(msgspec.Struct, frozen=True, kw_only=True):
    """A bridge and the ids of the channels in it."""

    id: str
    channels: tuple[str, ...] = ()


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """What a Stasis application follows."""

    channel_ids: tuple[str, ...] = ()


class Variable(msgspec.Struct, frozen=True, kw_only=True):
    """The value of a channel variable."""

    value: str = ""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Any event; fields that it does not have are empty."""

    type: str
    timestamp: str = ""
    application: str = ""
    args: tuple[str, ...] = ()
    channel: Channel | None = None
    cause: int = 0


ENDS: Final = frozenset({"ChannelHangupRequest", "StasisEnd", "ChannelDestroyed"})
"""Events after which a channel is in no call any more."""

_EVENT: Final = msgspec.json.Decoder(Event)


def read_event(text: str | bytes) -> Event:
    """The event in this message. Raises msgspec.MsgspecError, whose text repeats nothing of it but names of fields."""
    return _EVENT.decode(text)


def instant_of(event: Event) -> datetime | None:
    """When it happened by Asterisk's clock; None where it does not say so, or nonsense."""
    try:
        at = datetime.fromisoformat(event.timestamp)
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo is not None else None
