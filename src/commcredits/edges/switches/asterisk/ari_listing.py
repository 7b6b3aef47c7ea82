"""What an Asterisk says that it has: channels, bridges, and what our application follows of them.

Knows the requests that a complete picture takes. Refuses to know what follows from a difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from commcredits.edges.switches.asterisk.ari_events import CALL_VARIABLE, Application, Bridge, Channel, Variable
from commcredits.edges.switches.asterisk.ari_legs import LEG_PREFIX
from commcredits.edges.switches.asterisk.ari_requests import AriRequests, read_answer
from commcredits.edges.switches.asterisk.call_record import CallRecord, read_call_record


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A complete picture. ``ours`` are ids of channels that our application follows, of all in ``channels``."""

    channels: Mapping[str, Channel]
    ours: frozenset[str]
    empty_bridges: tuple[str, ...]

    def strangers(self, known: frozenset[str]) -> frozenset[str]:
        """Our channels that no call is known for."""
        return self.ours - known


async def list_everything(requests: AriRequests, application: str) -> Listing | None:
    """Ask for it all; None where one part of it could not be had."""
    # First what is ours: a channel that comes later is in no later list of strangers.
    followed = read_answer(await requests.get_application(application), Application)
    listed = read_answer(await requests.list_channels(), list[Channel])
    bridges = read_answer(await requests.list_bridges(), list[Bridge])
    if followed is None or listed is None or bridges is None:
        return None
    channels = {channel.id: channel for channel in listed}
    return Listing(
        channels=channels,
        ours=frozenset(followed.channel_ids) & channels.keys(),
        empty_bridges=tuple(each.id for each in bridges if each.id.startswith(LEG_PREFIX) and not each.channels),
    )


async def record_on(requests: AriRequests, channel: Channel) -> CallRecord | None:
    """The record that a channel carries; None when it carries none."""
    shown = channel.channelvars
    if shown is not None and CALL_VARIABLE in shown:
        return read_call_record(shown[CALL_VARIABLE])
    variable = read_answer(await requests.get_variable(channel.id, CALL_VARIABLE), Variable)
    return None if variable is None else read_call_record(variable.value)
