"""What a dishonest or clumsy telephone may try: no call passes unpriced, and none outlives its grant."""

import itertools
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.stories.program import eventually
from tests.stories.sip.charging_stand_in import Books, ChargingStandIn, Purse, StandInSession
from tests.stories.sip.handset import PATIENCE_SECONDS, Handset, Heard
from tests.stories.sip.ports import free_ports
from tests.stories.sip.story import missing_programs
from tests.stories.sip.switch import Switch, SwitchSettings

pytestmark = [
    pytest.mark.slow,
    pytest.mark.switch,
    pytest.mark.skipif(bool(missing_programs()), reason=f"not installed: {', '.join(missing_programs())}"),
]

CALLER = "+40721000001"
SHORT_SECONDS = 3
SHORT_CALLERS = ("+40721000002", "+40721000003", "+40721000004")
"""Each with an organization of its own that can pay for three seconds, once."""
CALLEE = "+49311000001"
TOKEN = "loopback-token"
TRUNK_ORGANIZATION = "0197a1b2-0000-7000-8000-000000000001"
CALL_IDS = (f"defence-{number}" for number in itertools.count(1))


@pytest.fixture(scope="module")
def books() -> Books:
    funded = Purse(organization_id="funded", balance_micros=10**9, price_per_second_micros=1_000)
    short = {
        number: Purse(organization_id=number, balance_micros=3_000, price_per_second_micros=1_000)
        for number in SHORT_CALLERS
    }
    return Books(token=TOKEN, numbers={CALLER: funded, **short})


@pytest.fixture(scope="module")
def settings(books: Books) -> Iterator[SwitchSettings]:
    sip_port, callee_port = free_ports(2)
    with ChargingStandIn(books) as charging:
        yield SwitchSettings(
            sip_port=sip_port, next_hop_port=callee_port, charging_url=charging.url, token=TOKEN, slice_seconds=30
        )


@pytest.fixture(scope="module")
def switch(settings: SwitchSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Switch]:
    with Switch(settings, tmp_path_factory.mktemp("switch")) as running:
        yield running


@pytest.fixture
def caller(switch: Switch) -> Iterator[Handset]:
    with Handset(switch.settings.sip_port) as handset:
        yield handset


@pytest.fixture
def callee(switch: Switch) -> Iterator[Handset]:
    with Handset(port=switch.settings.next_hop_port, tag="callee") as handset:
        yield handset


def _sessions(books: Books, call_id: str) -> list[StandInSession]:
    return [session for session in books.sessions.values() if session.session_id.startswith(f"{call_id}~")]


def _connect(caller: Handset, callee: Handset, call_id: str, number: str = CALLER) -> Heard:
    caller.request("INVITE", number, CALLEE, call_id)
    invite = callee.hear("INVITE")
    assert invite is not None
    callee.answer(invite, "200 OK")
    answer = caller.final_answer("1 INVITE")
    assert answer is not None
    assert answer.status_code == 200
    return answer


def _is_cut_in_time(caller: Handset, stirred_at: float) -> None:
    """The call is cut earlier than if its grant had begun afresh at this instant."""
    bye = caller.hear("BYE")
    assert bye is not None
    caller.answer(bye, "200 OK")
    assert time.monotonic() - stirred_at < SHORT_SECONDS


def test_a_made_up_dialog_does_not_pass(caller: Handset, callee: Handset) -> None:
    route = f"Route: <sip:127.0.0.1:{caller.proxy_port};lr>"
    target = f"sip:{CALLEE}@127.0.0.1:{callee.port}"
    caller.request("INVITE", CALLER, CALLEE, next(CALL_IDS), more=(route,), to_tag="made-up", uri=target)
    answer = caller.final_answer("1 INVITE")
    assert answer is not None
    assert answer.status_code == 481
    assert callee.hear("INVITE", 0.3) is None


def test_a_route_of_the_callers_own_is_not_followed(caller: Handset, callee: Handset) -> None:
    call_id = next(CALL_IDS)
    with Handset() as elsewhere:
        route = f"Route: <sip:127.0.0.1:{elsewhere.port};lr>"
        caller.request("INVITE", CALLER, CALLEE, call_id, more=(route,))
        invite = callee.hear("INVITE")
        assert invite is not None
        assert invite.all("Route") == []
        assert elsewhere.hear("INVITE", 0.2) is None
        callee.answer(invite, "486 Busy Here")


@pytest.mark.parametrize("dialled", ["0049311000001", "+49311000001", "49311000001"])
def test_what_is_dialled_is_what_was_priced(books: Books, caller: Handset, callee: Handset, dialled: str) -> None:
    caller.request("INVITE", "0721000001", dialled, next(CALL_IDS))
    invite = callee.hear("INVITE")
    assert invite is not None
    assert invite.start_line.startswith(f"INVITE sip:{CALLEE}@")
    callee.answer(invite, "486 Busy Here")
    asked = [message for command, message in books.heard if command == "authorise"][-1]
    assert (asked["caller"], asked["callee"]) == (CALLER, CALLEE)


def test_the_asserted_identity_is_charged_and_not_the_displayed_number(
    books: Books, caller: Handset, callee: Handset
) -> None:
    identity = f"P-Asserted-Identity: <sip:{CALLER}@127.0.0.1>"
    caller.request("INVITE", "anonymous", CALLEE, next(CALL_IDS), more=(identity,))
    invite = callee.hear("INVITE")
    assert invite is not None
    callee.answer(invite, "486 Busy Here")
    assert [message for command, message in books.heard if command == "authorise"][-1]["caller"] == CALLER


@pytest.mark.parametrize("dialled", ["+0123456789", "12", "sales", "+4912345678901234567"])
def test_what_is_no_number_is_not_asked_for(books: Books, caller: Handset, dialled: str) -> None:
    asked = len(books.heard)
    caller.request("INVITE", CALLER, dialled, next(CALL_IDS))
    answer = caller.final_answer("1 INVITE")
    assert answer is not None
    assert answer.status_code == 484
    assert answer.value("X-Charging-Refusal") == "invalid_number"
    assert "authorise" not in [command for command, _ in books.heard[asked:]]


@pytest.mark.parametrize("first_is_answered", [False, True])
def test_a_second_call_under_a_calls_name_is_a_call_of_its_own(
    books: Books, switch: Switch, caller: Handset, callee: Handset, *, first_is_answered: bool
) -> None:
    call_id = next(CALL_IDS)
    caller.request("INVITE", SHORT_CALLERS[0], CALLEE, call_id)
    first = callee.hear("INVITE")
    assert first is not None
    callee.answer(first, "200 OK" if first_is_answered else "180 Ringing")
    caller.request("INVITE", CALLER, CALLEE, call_id, cseq=2)
    second = callee.hear("INVITE")
    assert second is not None
    callee.answer(second, "200 OK")
    answer = caller.final_answer("2 INVITE")
    assert answer is not None
    caller.within("BYE", CALLER, CALLEE, answer, cseq=3)
    assert callee.hear("BYE") is not None
    if not first_is_answered:
        callee.answer(first, "486 Busy Here")
    assert caller.hear("BYE" if first_is_answered else "SIP/2.0 486") is not None
    assert switch.wait_until_told()
    causes = [session.cause for session in _sessions(books, call_id)]
    assert causes == ["credit_ended" if first_is_answered else "not_answered_486", "caller_hung_up"]


def test_a_call_that_is_cancelled_before_charging_answers_never_rings(
    books: Books, caller: Handset, callee: Handset
) -> None:
    call_id = next(CALL_IDS)
    books.answers_after_seconds = PATIENCE_SECONDS
    try:
        branch = caller.request("INVITE", CALLER, CALLEE, call_id)
        eventually(
            lambda: next((asked for asked in books.asked if asked.startswith(f"{call_id}~")), None),
            seconds_max=PATIENCE_SECONDS,
        )
        caller.request("CANCEL", CALLER, CALLEE, call_id, branch=branch)
        time.sleep(0.3)  # it is answered with the call itself; and the switch waits for a second, not longer
    finally:
        books.answers_after_seconds = 0
    answer = caller.final_answer("1 INVITE")
    assert answer is not None
    assert answer.status_code == 487
    assert callee.hear("INVITE", 0.5) is None
    session = eventually(
        lambda: next((session for session in _sessions(books, call_id) if session.ended), None),
        seconds_max=PATIENCE_SECONDS,
    )
    assert session.used_seconds == 0


def test_a_late_acknowledgement_does_not_lengthen_the_grant(
    books: Books, switch: Switch, caller: Handset, callee: Handset
) -> None:
    call_id = next(CALL_IDS)
    answer = _connect(caller, callee, call_id, SHORT_CALLERS[1])
    time.sleep(2.2)
    acknowledged_at = time.monotonic()
    caller.acknowledge(SHORT_CALLERS[1], CALLEE, answer)
    _is_cut_in_time(caller, acknowledged_at)
    assert switch.wait_until_told()
    assert [(session.used_seconds, session.cause) for session in _sessions(books, call_id)] == [(3, "credit_ended")]


def test_a_change_of_media_does_not_start_the_grant_afresh(caller: Handset, callee: Handset) -> None:
    number = SHORT_CALLERS[2]
    answer = _connect(caller, callee, next(CALL_IDS), number)
    caller.acknowledge(number, CALLEE, answer)
    time.sleep(1.8)
    changed_at = time.monotonic()
    caller.within("INVITE", number, CALLEE, answer, cseq=2)
    again = callee.hear("INVITE")
    assert again is not None
    callee.answer(again, "200 OK")
    changed = caller.final_answer("2 INVITE")
    assert changed is not None
    caller.within("ACK", number, CALLEE, answer, cseq=2)
    _is_cut_in_time(caller, changed_at)


def test_a_stranger_is_refused_and_charging_is_not_asked(
    settings: SwitchSettings, books: Books, tmp_path: Path
) -> None:
    (sip_port,) = free_ports(1)
    elsewhere = replace(settings, sip_port=sip_port, allowed_sources="192.0.2.0/24")
    asked = len(books.heard)
    with Switch(elsewhere, tmp_path), Handset(sip_port) as stranger:
        stranger.request("INVITE", CALLER, "112", next(CALL_IDS))
        answer = stranger.final_answer("1 INVITE")
        assert answer is not None
        assert answer.status_code == 403
    assert "authorise" not in [command for command, _ in books.heard[asked:]]


def test_a_trunk_belongs_to_its_organization_whatever_number_it_shows(
    settings: SwitchSettings, books: Books, tmp_path: Path
) -> None:
    (sip_port,) = free_ports(1)
    trunk = replace(settings, sip_port=sip_port, trunk_organizations=f"192.0.2.9=other;127.0.0.1={TRUNK_ORGANIZATION}")
    with Switch(trunk, tmp_path), Handset(sip_port) as caller:
        caller.request("INVITE", "+40700000000", CALLEE, next(CALL_IDS))
        assert caller.final_answer("1 INVITE") is not None
    assert [message for command, message in books.heard if command == "authorise"][-1][
        "organization_id"
    ] == TRUNK_ORGANIZATION
