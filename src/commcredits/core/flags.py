"""What an operator should look at: calls whose switch said something that cannot be, or nothing at all.

Knows the closed list of what is flagged and when. Refuses to change what a call costs: the call-session table
(commcredits.core.charging) keeps the ledger right whatever a switch says, and a flag only says that it had to.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from commcredits.core.commands import End

if TYPE_CHECKING:
    from commcredits.core.account import Context, Session

GONE: Final = "gone_from_switch"
"""The cause of a call that ended because its switch did not have it any more."""

DEBITED: Final = "debited"
"""The cause of a call that is paid for all at once and in advance: its seconds are none that have passed."""

CLOCK_TOLERANCE_SECONDS: Final = 5
"""How much further than clock and grant a report may be: switches round to whole seconds, by clocks of their own."""

_SECOND: Final = timedelta(seconds=1)


class FlagKind(StrEnum):
    """Why a call was flagged. Stable: interfaces show these words."""

    OVERRUN = "overrun"
    """It was reported to have gone on beyond its grant: the switch did not cut it in time."""
    AHEAD_OF_THE_CLOCK = "ahead_of_the_clock"
    """More seconds were reported than have passed since the call was authorised."""
    SILENT = "silent"
    """An answered call was never reported ended; the reaper closed it."""
    CLAIMED_TWICE = "claimed_twice"
    """The same call id came again for another call, or from another switch."""
    GONE_FROM_SWITCH = "gone_from_switch"
    """The switch did not have the call any more and had not said so; it was ended."""
    NOT_CHARGED = "not_charged"
    """The switch carries a call that nothing pays for; the switch was told to cut it."""


class Flag(Struct, frozen=True, kw_only=True, gc=False):
    """One thing about one call, noticed once. ``facts`` are whole numbers and words, never telephone numbers."""

    kind: FlagKind
    session_id: str
    facts: Mapping[str, str | int]


def flags_of_report(session: Session, reported_seconds: int, context: Context) -> tuple[Flag, ...]:
    """What is wrong with a report of ``reported_seconds`` of this call now; nothing, nearly always."""
    overrun = reported_seconds - session.granted_seconds
    clock_tolerance = context.charging.clock_tolerance_seconds
    if overrun <= 0 and reported_seconds <= clock_tolerance:
        return ()
    flags: list[Flag] = []
    session_id = session.terms.session_id
    passed = (context.now - session.terms.authorised_at) // _SECOND
    if reported_seconds > passed + clock_tolerance:
        facts = {"reported_seconds": reported_seconds, "passed_seconds": passed}
        flags.append(Flag(kind=FlagKind.AHEAD_OF_THE_CLOCK, session_id=session_id, facts=facts))
    if overrun > CLOCK_TOLERANCE_SECONDS:
        facts = {"reported_seconds": reported_seconds, "granted_seconds": session.granted_seconds}
        flags.append(Flag(kind=FlagKind.OVERRUN, session_id=session_id, facts=facts))
    return tuple(flags)


def silent(session: Session, charged_seconds: int) -> tuple[Flag, ...]:
    """The flag of an answered call that was closed for its switch's silence; one that may never have rung has none."""
    if session.state.value != "started":
        return ()
    facts = {"reported_seconds": session.used_seconds, "charged_seconds": charged_seconds}
    return (Flag(kind=FlagKind.SILENT, session_id=session.terms.session_id, facts=facts),)


def claimed_twice(session: Session, switch: str) -> tuple[Flag, ...]:
    """The flag of a call id that came again with other content."""
    facts = {"first_switch": session.terms.switch, "second_switch": switch}
    return (Flag(kind=FlagKind.CLAIMED_TWICE, session_id=session.terms.session_id, facts=facts),)


def flags_of_end(session: Session, command: End, charged_seconds: int, context: Context) -> tuple[Flag, ...]:
    """What is wrong with the end of a call: its report, or that its switch had lost it."""
    if command.cause == DEBITED:
        return ()
    flags = flags_of_report(session, command.used_seconds, context)
    if command.cause != GONE:
        return flags
    facts = {"reported_seconds": session.used_seconds, "charged_seconds": charged_seconds}
    return (*flags, Flag(kind=FlagKind.GONE_FROM_SWITCH, session_id=session.terms.session_id, facts=facts))
