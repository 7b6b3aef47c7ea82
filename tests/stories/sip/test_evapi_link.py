"""The link as Kamailio keeps it: who is let in, what callers get without it, and that nothing told over it is lost."""

import itertools
import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from commcredits.edges.switches.kamailio.framing import frame
from tests.stories.sip.charging_stand_in import Books, Purse, StandInSession
from tests.stories.sip.evapi_stand_in import PING_SECONDS, EvapiStandIn, stranger
from tests.stories.sip.evapi_switch import EvapiSettings, EvapiSwitch
from tests.stories.sip.handset import PATIENCE_SECONDS, Handset, Heard
from tests.stories.sip.ports import free_ports
from tests.stories.sip.story import missing_programs

pytestmark = [
    pytest.mark.slow,
    pytest.mark.switch,
    pytest.mark.skipif(bool(missing_programs()), reason=f"not installed: {', '.join(missing_programs())}"),
]

CALLER: Final = "+40721000001"
CALLEE: Final = "+49311000001"
AT_ONCE_SECONDS: Final = 0.3
NUMBERS: Final = itertools.count(1)


@pytest.fixture
def books() -> Books:
    purse = Purse(organization_id="funded", balance_micros=10**9, price_per_second_micros=1_000)
    return Books(token="", numbers={CALLER: purse})


@pytest.fixture
def settings() -> EvapiSettings:
    sip_port, callee_port, link_port = free_ports(3)
    return EvapiSettings(
        sip_port=sip_port,
        next_hop_port=callee_port,
        link_port=link_port,
        slice_seconds=8,
        renewal_lead_seconds=3,
        renewal_retry_seconds=1,
    )


@pytest.fixture
def switch(settings: EvapiSettings, tmp_path: Path) -> Iterator[EvapiSwitch]:
    with EvapiSwitch(settings, tmp_path) as running:
        yield running


@pytest.fixture
def caller(switch: EvapiSwitch) -> Iterator[Handset]:
    with Handset(switch.settings.sip_port) as handset:
        yield handset


@pytest.fixture
def callee(switch: EvapiSwitch) -> Iterator[Handset]:
    with Handset(port=switch.settings.next_hop_port, tag="callee") as handset:
        yield handset


def _charging(books: Books, settings: EvapiSettings) -> EvapiStandIn:
    return EvapiStandIn(books, settings.link_port, settings.link_secret)


def _invite(caller: Handset, dialled: str = CALLEE) -> str:
    """The CSeq of a new call, which no other call has: a refusal comes again until it is acknowledged."""
    number = next(NUMBERS)
    caller.request("INVITE", CALLER, dialled, f"link-{number}", cseq=number)
    return f"{number} INVITE"


def _refusal(caller: Handset, seconds_max: float = PATIENCE_SECONDS) -> tuple[int, str, float]:
    """Status, code and seconds of a call that is refused."""
    asked_at = time.monotonic()
    answer = caller.final_answer(_invite(caller), seconds_max)
    assert answer is not None
    assert answer.value("Reason") == f'SIP;cause={answer.status_code};text="{answer.value("X-Charging-Refusal")}"'
    return answer.status_code, answer.value("X-Charging-Refusal"), time.monotonic() - asked_at


def _is_refused_at_once(caller: Handset) -> bool:
    """Whether one of three calls is refused at once, and each of them for the link; a busy machine may spoil two."""
    refusals = [_refusal(caller) for _try in range(3)]
    assert {(status, code) for status, code, _ in refusals} == {(503, "charging_unavailable")}
    return min(seconds for _status, _code, seconds in refusals) < AT_ONCE_SECONDS


def _eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def _emergency_passes(caller: Handset, callee: Handset) -> bool:
    asked = _invite(caller, "112")
    invite = callee.hear("INVITE")
    if invite is None:
        return False
    callee.answer(invite, "486 Busy Here")
    return caller.final_answer(asked) is not None


def _connect(caller: Handset, callee: Handset) -> Heard:
    asked = _invite(caller)
    invite = callee.hear("INVITE")
    assert invite is not None
    callee.answer(invite, "200 OK")
    answer = caller.final_answer(asked)
    assert answer is not None
    assert answer.status_code == 200
    caller.acknowledge(CALLER, CALLEE, answer)
    return answer


def _session(books: Books, call: Heard) -> StandInSession:
    of_call = f"{call.value('Call-ID')}~"
    (session,) = [each for each in books.sessions.values() if each.session_id.startswith(of_call)]
    return session


def _wait_for_end(books: Books, call: Heard, seconds_max: float = PATIENCE_SECONDS) -> StandInSession:
    deadline = time.monotonic() + seconds_max
    while not _session(books, call).ended and time.monotonic() < deadline:
        time.sleep(0.02)
    return _session(books, call)


def test_without_a_link_callers_are_refused_at_once_and_emergencies_pass(
    books: Books, settings: EvapiSettings, caller: Handset, callee: Handset, switch: EvapiSwitch
) -> None:
    assert _is_refused_at_once(caller)
    assert _emergency_passes(caller, callee)
    with _charging(books, settings):
        assert switch.wait_until_told()
        _connect(caller, callee)
    assert _is_refused_at_once(caller)
    assert [asked["callee"] for command, asked in books.heard if command == "authorise"] == ["112", CALLEE]


def test_charging_that_gives_no_answer_delays_the_refusal_by_two_seconds_and_holds_nothing_afterwards(
    books: Books, settings: EvapiSettings, caller: Handset, callee: Handset, switch: EvapiSwitch
) -> None:
    with _charging(books, settings):
        books.answers_after_seconds = 4
        status, code, seconds = _refusal(caller)
        assert (status, code) == (503, "charging_unavailable")
        assert 1.5 < seconds < 4, "before charging answers"
        books.answers_after_seconds = 0
        assert switch.wait_until_told()
    (session,) = books.sessions.values()
    assert (session.ended, session.used_seconds) == (True, 0)
    assert callee.hear("INVITE", 0.1) is None


def test_charging_that_says_nothing_at_all_is_no_link_after_three_seconds(
    books: Books, settings: EvapiSettings, caller: Handset, callee: Handset
) -> None:
    with _charging(books, settings) as charging:
        charging.pings = False
        time.sleep(4.2)
        assert _is_refused_at_once(caller)
        assert _emergency_passes(caller, callee)
        charging.pings = True
        time.sleep(2 * PING_SECONDS)
        while (answer := caller.final_answer(_invite(caller), 0.5)) is not None:
            assert answer.status_code == 503, "until it has heard us again"
        assert callee.hear("INVITE") is not None


def test_what_happens_without_a_link_is_told_over_the_next_one(
    books: Books, settings: EvapiSettings, caller: Handset, callee: Handset, switch: EvapiSwitch
) -> None:
    with _charging(books, settings):
        answer = _connect(caller, callee)
        assert switch.wait_until_told()
    caller.within("BYE", CALLER, CALLEE, answer, cseq=next(NUMBERS))
    assert callee.hear("BYE") is not None
    assert _eventually(lambda: switch.waiting() == 1)
    assert switch.entries("calls") == 1
    with _charging(books, settings):
        session = _wait_for_end(books, answer)
        assert (session.ended, session.cause) == (True, "caller_hung_up")
        assert switch.wait_until_told()
    assert switch.entries("calls") == 0


def test_a_report_that_is_not_taken_comes_again(
    books: Books, settings: EvapiSettings, caller: Handset, callee: Handset, switch: EvapiSwitch
) -> None:
    with _charging(books, settings) as charging:
        charging.takes_reports = False
        answer = _connect(caller, callee)
        first = charging.wait_to_hear(PATIENCE_SECONDS, say="start")
        assert first is not None
        charging.heard.remove(first)
        charging.takes_reports = True
        assert charging.wait_to_hear(PATIENCE_SECONDS, say="start") == first
        assert switch.wait_until_told()
        assert _session(books, answer).started


def test_a_running_call_is_extended_when_charging_tells_it_to_ask_and_is_never_shortened(
    books: Books, settings: EvapiSettings, caller: Handset, callee: Handset
) -> None:
    with _charging(books, settings) as charging:
        answer = _connect(caller, callee)
        session = _session(books, answer)
        charging.tell(do="extend", session_id=session.session_id, granted_seconds=2)
        charging.tell(do="renew", session_id=session.session_id)
        asked = charging.wait_to_hear(PATIENCE_SECONDS, say="update", session_id=session.session_id)
        assert asked is not None
        assert asked["request_number"] == 1
        assert caller.hear("BYE", 3) is None


def test_a_call_whose_question_for_more_gets_no_answer_asks_again_soon(
    books: Books, settings: EvapiSettings, tmp_path: Path
) -> None:
    sip_port, callee_port, link_port = free_ports(3)
    asking = replace(
        settings, sip_port=sip_port, next_hop_port=callee_port, link_port=link_port, slice_seconds=12,
        renewal_lead_seconds=10, renewal_retry_seconds=60,
    )  # fmt: skip
    with ExitStack() as stack:
        switch = stack.enter_context(EvapiSwitch(asking, tmp_path))
        caller = stack.enter_context(Handset(asking.sip_port))
        callee = stack.enter_context(Handset(port=asking.next_hop_port, tag="callee"))
        charging = stack.enter_context(_charging(books, asking))
        charging.answers_updates = False
        call = _connect(caller, callee)
        assert charging.wait_to_hear(PATIENCE_SECONDS, say="update", request_number=1) is not None
        charging.answers_updates = True
        assert charging.wait_to_hear(PATIENCE_SECONDS, say="update", request_number=2) is not None
        assert _eventually(lambda: _session(books, call).granted_seconds > asking.slice_seconds)
        assert switch.wait_until_told()


@pytest.mark.parametrize("answered", [True, False])
def test_a_call_is_cut_when_charging_says_so(
    books: Books, settings: EvapiSettings, caller: Handset, callee: Handset, *, answered: bool
) -> None:
    with _charging(books, settings) as charging:
        if answered:
            call = _connect(caller, callee)
        else:
            _invite(caller)
            invite = callee.hear("INVITE")
            assert invite is not None
            callee.answer(invite, "180 Ringing")
            call = invite
        session_id = _session(books, call).session_id
        charging.tell(do="cut", session_id=session_id, reason="fraud")
        assert charging.wait_to_hear(PATIENCE_SECONDS, say="cut", session_id=session_id) is not None
        if answered:
            byes = [side.hear("BYE") for side in (caller, callee)]
            for side, bye in zip((caller, callee), byes, strict=True):
                assert bye is not None
                assert bye.all("Reason") == ['SIP;cause=403;text="fraud"']
                side.answer(bye, "200 OK")
        else:
            cancel = callee.hear("CANCEL")
            assert cancel is not None
            callee.answer(cancel, "200 OK")
            callee.answer(call, "487 Request Terminated")
        session = _wait_for_end(books, call)
        assert (session.ended, session.cause) == (True, "fraud")
        charging.tell(do="cut", session_id="nobody-knows-it", reason="fraud")
        assert charging.wait_to_hear(0.5, say="cut", session_id="nobody-knows-it") is None


def test_a_call_whose_end_charging_has_not_taken_is_in_the_list_as_ending(
    books: Books, settings: EvapiSettings, caller: Handset, callee: Handset, switch: EvapiSwitch
) -> None:
    with _charging(books, settings) as charging:
        answer = _connect(caller, callee)
        assert switch.wait_until_told()
        session_id = _session(books, answer).session_id
        charging.takes_reports = False
        charging.tell(do="list", list=1)
        listed = charging.wait_to_hear(PATIENCE_SECONDS, say="calls", list=1)
        assert listed is not None
        assert listed["calls"].split() == [f"{session_id}=funded"]
        caller.within("BYE", CALLER, CALLEE, answer, cseq=next(NUMBERS))
        assert charging.wait_to_hear(PATIENCE_SECONDS, say="end") is not None
        charging.tell(do="list", list=2)
        listed = charging.wait_to_hear(PATIENCE_SECONDS, say="calls", list=2)
        assert listed is not None
        assert listed["calls"].split() == [f"{session_id}=funded=ending"]
        charging.takes_reports = True
        assert switch.wait_until_told()
        charging.tell(do="list", list=3)
        assert charging.wait_to_hear(PATIENCE_SECONDS, say="listed", list=3, count=0) is not None


def test_a_list_of_thousands_of_calls_arrives_whole(
    books: Books, settings: EvapiSettings, caller: Handset, callee: Handset, switch: EvapiSwitch
) -> None:
    with _charging(books, settings) as charging:
        answer = _connect(caller, callee)
        switch.fill("calls", {f"call-{number}~{'x' * 60}": f"ending|org-{number}" for number in range(3_000)})
        switch.fill("calls", {"without-a-dialog": "live|org|61|62|63|"})
        charging.tell(do="list", list=41)
        listed = charging.wait_to_hear(PATIENCE_SECONDS, say="listed", list=41)
        assert listed is not None
        parts = [message["calls"].split() for message in charging.heard if message["say"] == "calls"]
        calls = dict(each.split("=", 1) for part in parts for each in part)
        assert len(calls) == listed["count"] == 3_001
        assert calls[_session(books, answer).session_id] == "funded"
        assert calls[f"call-2999~{'x' * 60}"] == "org-2999=ending"


def test_whoever_does_not_know_the_secret_hears_nothing_and_is_not_obeyed(
    books: Books, settings: EvapiSettings, caller: Handset, callee: Handset
) -> None:
    guess = {"do": "hello", "secret": "sixteen letters or more"}
    with _charging(books, settings), stranger(settings, guess, {"do": "ping"}) as other:
        answer = _connect(caller, callee)
        cut = {"do": "cut", "session_id": _session(books, answer).session_id, "reason": "mischief"}
        other.sendall(frame(json.dumps(cut).encode()))
        assert caller.hear("BYE", 0.5) is None
        with pytest.raises(TimeoutError):
            other.recv(1)


def test_a_stranger_in_the_place_of_charging_does_not_inherit_what_it_was_allowed(
    books: Books, settings: EvapiSettings, caller: Handset
) -> None:
    with _charging(books, settings):
        pass
    time.sleep(0.2)
    with stranger(settings, {"do": "ping"}) as other:
        assert _refusal(caller)[0] == 503
        with pytest.raises(TimeoutError):
            other.recv(1)


def test_nobody_but_the_allowed_sources_may_even_connect(books: Books, settings: EvapiSettings, tmp_path: Path) -> None:
    sip_port, link_port = free_ports(2)
    closed = replace(settings, sip_port=sip_port, link_port=link_port, link_sources="192.0.2.0/24")
    folder = tmp_path / "closed"
    folder.mkdir()
    with EvapiSwitch(closed, folder), stranger(closed) as link:
        assert link.recv(1) == b""
    assert books.heard == []


def test_a_second_link_stands_by_and_takes_over_when_the_first_is_gone(
    books: Books, settings: EvapiSettings, caller: Handset, callee: Handset
) -> None:
    other = Books(token="", numbers=books.numbers)
    with _charging(books, settings) as first, _charging(other, settings) as second:
        assert (first.active, second.active) == (True, False)
        _connect(caller, callee)
        assert (len(books.sessions), len(other.sessions)) == (1, 0)
        first.hang_up()
        assert _eventually(lambda: second.active)
        _connect(caller, callee)
        assert (len(books.sessions), len(other.sessions)) == (1, 1)


def test_garbage_over_the_link_is_left_out_and_the_next_good_word_is_heard(
    books: Books, settings: EvapiSettings, caller: Handset, callee: Handset
) -> None:
    with _charging(books, settings) as charging:
        for garbage in (b"garbage", b"7:{}{}{}{,", b"3:[1],", b'12:{"do":"ping",', b'13:{"do":["x"]},'):
            charging.send(garbage)
            time.sleep(0.1)
        charging.tell(do="answer", tindex=-5, tlabel="x", status="y")
        charging.tell(do="extend", session_id="no-such-call", granted_seconds="z")
        charging.tell(do="told", report="no-such-report")
        charging.tell(do="list", list="x")
        _connect(caller, callee)
