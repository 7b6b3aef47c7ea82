"""Real SIP calls, telephone to Kamailio to telephone, charged over the wire that is given: the story and its record.

Knows what telephones and the switch saw. Refuses to know who answers the charging wire, and what anything costs:
whoever calls ``run_sip_story`` compares the seconds with the books.
"""

import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.stories.sip import plan
from tests.stories.sip.line import Line, LineState
from tests.stories.sip.phones import PORTS_EACH, Leg, Telephones
from tests.stories.sip.plan import Chapter, Outcome, StoryNumbers
from tests.stories.sip.ports import free_ports
from tests.stories.sip.switch import Notice, Switch, SwitchSettings, program

TOLD_SECONDS_MAX: Final = 30
START_SECONDS_MAX: Final = 5
TELEPHONES_MAX: Final = 16
CALLEE_PAUSE_MILLISECONDS: Final = 1300

PROGRAMS: Final = {"kamailio": "kamailio", "kamcmd": "kamailio", "sipp": "sip-tester"}
OUTCOMES_UNANSWERED: Final = {486: Outcome.BUSY, 487: Outcome.CANCELLED}


@dataclass(frozen=True, slots=True, kw_only=True)
class SipCall:
    """One call.

    ``setup_seconds`` (INVITE to final answer) and ``talk_seconds`` (200 OK to BYE) are the caller's own measure;
    ``used_seconds`` is what the switch told charging, and None where no session was opened.
    """

    chapter: str
    call_id: str
    session_id: str
    caller: str
    callee: str
    planned_outcome: Outcome
    planned_status_code: int
    outcome: Outcome
    status_code: int
    refusal_code: str
    setup_seconds: float
    talk_seconds: float
    granted_seconds: int | None
    used_seconds: int | None
    extensions: int

    @property
    def as_planned(self) -> bool:
        """Whether it came to what its chapter says."""
        return (self.outcome, self.status_code) == (self.planned_outcome, self.planned_status_code)


@dataclass(frozen=True, slots=True, kw_only=True)
class SipStory:
    """All calls, and what the switch had to say of itself.

    ``everything_told``: charging has taken every report. ``reports_kept``: so many waited while it was away.
    ``troubles``: log lines that speak of a warning or worse, and what sipp said where it failed.
    """

    calls: tuple[SipCall, ...]
    everything_told: bool
    reports_kept: int
    troubles: tuple[str, ...]

    def of(self, chapter: str) -> tuple[SipCall, ...]:
        """The calls of one chapter."""
        return tuple(call for call in self.calls if call.chapter == chapter)


@dataclass(slots=True, kw_only=True)
class _Told:
    """What the switch's notices say of one call."""

    session_id: str = ""
    granted_seconds: int | None = None
    used_seconds: int | None = None
    extensions: int = 0


@dataclass(slots=True, kw_only=True)
class _Stage:
    """The running parts of one story."""

    line: Line
    switch: Switch
    telephones: Telephones
    chapters: list[Chapter] = field(default_factory=list)


def missing_programs() -> list[str]:
    """What is not installed, as "program (package of Debian)"."""
    return [f"{name} (package {package})" for name, package in PROGRAMS.items() if program(name) is None]


def run_sip_story(
    charging_url: str, token: str, numbers: StoryNumbers, *, calls: int = 50, directory: Path | None = None
) -> SipStory:
    """Place the calls and say what became of them; about twenty seconds.

    ``charging_url`` is the address of the charging wire, such as ``http://127.0.0.1:8081``. The switch reaches it over
    a line of the story's own, so that charging can be "down" without being stopped. Traces and configuration are left
    in ``directory`` where one is named. Raises SwitchFailedError where Kamailio does not come up, OSError where a port
    was taken, ValueError for too few calls or an impossible token.
    """
    with tempfile.TemporaryDirectory(prefix="sip-") as scratch:
        place = directory or Path(scratch)
        # All at once, so that no two parts are given the same one.
        sip_port, callee_port, line_port, *ports = free_ports(3 + TELEPHONES_MAX * PORTS_EACH)
        settings = SwitchSettings(
            sip_port=sip_port,
            next_hop_port=callee_port,
            charging_url=f"http://127.0.0.1:{line_port}",
            token=token,
            slice_seconds=plan.SLICE_SECONDS,
            renewal_lead_seconds=plan.RENEWAL_LEAD_SECONDS,
            renewal_retry_seconds=1,
            async_workers=plan.ASYNC_WORKERS,
        )
        with (
            Line(charging_url, line_port) as line,
            Switch(settings, place) as switch,
            Telephones(place, sip_port, callee_port, ports, CALLEE_PAUSE_MILLISECONDS) as telephones,
        ):
            stage = _Stage(line=line, switch=switch, telephones=telephones)
            _place(stage, plan.while_charging_is_up(numbers, calls))
            reports_kept = _tell_the_outage(stage, numbers)
            everything_told = switch.wait_until_told(TOLD_SECONDS_MAX)
            return SipStory(
                calls=tuple(calls_of(stage.chapters, switch.notices(), telephones)),
                everything_told=everything_told,
                reports_kept=reports_kept,
                troubles=(*switch.troubles(), *telephones.complaints()),
            )


def _place(stage: _Stage, chapters: list[Chapter]) -> None:
    stage.chapters.extend(chapters)
    stage.telephones.place_all(chapter.calls for chapter in chapters)


def _tell_the_outage(stage: _Stage, numbers: StoryNumbers) -> int:
    """Charging goes away in mid-call, comes back, stalls, and comes back. Returns the number of reports that waited."""
    outlasting = plan.across_the_outage(numbers)
    stage.chapters.append(outlasting)
    process = stage.telephones.place(outlasting.calls)
    wait_until_started(stage.switch, outlasting)
    stage.switch.wait_until_told(TOLD_SECONDS_MAX)
    stage.line.set(LineState.CUT)
    _place(stage, plan.while_charging_is_down(numbers))
    process.wait()
    reports_kept = stage.switch.waiting()
    stage.line.set(LineState.WHOLE)
    stage.switch.wait_until_told(TOLD_SECONDS_MAX)
    stage.line.set(LineState.STALLED)
    _place(stage, [plan.while_charging_stalls(numbers)])
    stage.line.set(LineState.WHOLE)
    return reports_kept


def wait_until_started(switch: Switch, chapter: Chapter) -> None:
    """Wait until every call of the chapter was answered, or not longer than that may take."""
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline:
        started = {notice.facts["call_id"] for notice in switch.notices() if notice.event == "started"}
        if sum(call_id.startswith(f"{chapter.name}-") for call_id in started) == len(chapter.calls.pairs):
            return
        time.sleep(0.05)


def calls_of(chapters: Iterable[Chapter], notices: Iterable[Notice], telephones: Telephones) -> Iterator[SipCall]:
    """What became of every call of these chapters."""
    told = _told(notices)
    callee_legs = telephones.legs("callee")
    for chapter in chapters:
        legs = telephones.legs(chapter.name)
        for number, (caller, callee) in enumerate(chapter.calls.pairs, start=1):
            call_id = chapter.calls.call_id(number)
            leg = legs.get(call_id, Leg(call_id=call_id, messages=()))
            invite, answer = leg.first("INVITE"), leg.first("INVITE", answer=True)
            said = told.get(call_id, _Told())
            yield SipCall(
                chapter=chapter.name,
                call_id=call_id,
                session_id=said.session_id,
                caller=caller,
                callee=callee,
                planned_outcome=chapter.outcome,
                planned_status_code=chapter.status_code,
                outcome=_outcome(leg, callee_legs.get(call_id)),
                status_code=(answer.status_code or 0) if answer else 0,
                refusal_code=answer.headers.get("x-charging-refusal", "") if answer else "",
                setup_seconds=(answer.at - invite.at).total_seconds() if invite and answer else 0.0,
                talk_seconds=leg.talk_seconds,
                granted_seconds=said.granted_seconds,
                used_seconds=said.used_seconds,
                extensions=said.extensions,
            )


def _outcome(caller: Leg, callee: Leg | None) -> Outcome:
    answer, caller_bye = caller.first("INVITE", answer=True), caller.first("BYE")
    if answer is None:
        return Outcome.LOST
    if "x-charging-refusal" in answer.headers:
        return Outcome.REFUSED
    callee_bye = callee.first("BYE") if callee else None
    if caller_bye is None or callee_bye is None:
        return OUTCOMES_UNANSWERED.get(answer.status_code or 0, Outcome.LOST)
    if caller_bye.sent:
        return Outcome.CALLER_HUNG_UP
    return Outcome.CALLEE_HUNG_UP if callee_bye.sent else Outcome.CUT


def _told(notices: Iterable[Notice]) -> dict[str, _Told]:
    told: dict[str, _Told] = {}
    for notice in notices:
        call = told.setdefault(notice.facts["call_id"], _Told())
        call.session_id = notice.facts.get("session_id", call.session_id)
        if "granted_seconds" in notice.facts:
            call.granted_seconds = int(notice.facts["granted_seconds"])
        if notice.event == "ended":
            call.used_seconds = int(notice.facts["used_seconds"])
        call.extensions += notice.event == "extended"
    return told
