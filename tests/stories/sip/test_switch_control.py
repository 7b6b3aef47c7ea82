"""What charging tells the switch in mid-call: ask again now, cut this call, say which calls run; and who may not."""

import contextlib
import itertools
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from tests.stories.sip.charging_stand_in import Books, ChargingStandIn, Purse
from tests.stories.sip.controlled_calls import (
    CALLER,
    answer_byes,
    answer_call,
    connect,
    hang_up,
    listed_calls,
    order,
    ring,
    session_of,
)
from tests.stories.sip.handset import PATIENCE_SECONDS, Handset
from tests.stories.sip.ports import LOOPBACK, free_ports
from tests.stories.sip.story import missing_programs
from tests.stories.sip.switch import Switch, SwitchSettings

pytestmark = [
    pytest.mark.slow,
    pytest.mark.switch,
    pytest.mark.skipif(bool(missing_programs()), reason=f"not installed: {', '.join(missing_programs())}"),
]

POOR = ("+40721000002", "+40721000003")
"""Each can pay for ten seconds, until somebody pays in."""
TOKEN = "loopback-token"
CALL_IDS = (f"control-{number}" for number in itertools.count(1))


@pytest.fixture(scope="module")
def books() -> Books:
    funded = Purse(organization_id="funded", balance_micros=10**9, price_per_second_micros=1_000)
    poor = {
        number: Purse(organization_id=number, balance_micros=10_000, price_per_second_micros=1_000) for number in POOR
    }
    return Books(token=TOKEN, numbers={CALLER: funded, **poor})


@pytest.fixture(scope="module")
def switch(books: Books, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Switch]:
    sip_port, callee_port, control_port = free_ports(3)
    with ChargingStandIn(books) as charging:
        settings = SwitchSettings(
            sip_port=sip_port,
            next_hop_port=callee_port,
            charging_url=charging.url,
            token=TOKEN,
            slice_seconds=30,
            control_port=control_port,
        )
        with Switch(settings, tmp_path_factory.mktemp("switch")) as running:
            yield running


@pytest.fixture
def control(switch: Switch) -> Iterator[httpx.Client]:
    secret = {"Authorization": f"Bearer {switch.settings.control_secret}"}
    with httpx.Client(base_url=switch.settings.control_url, headers=secret, trust_env=False) as client:
        yield client


@pytest.fixture
def caller(switch: Switch) -> Iterator[Handset]:
    with Handset(switch.settings.sip_port) as handset:
        yield handset


@pytest.fixture
def callee(switch: Switch) -> Iterator[Handset]:
    with Handset(port=switch.settings.next_hop_port, tag="callee") as handset:
        yield handset


def test_a_call_tells_charging_over_which_link_it_can_be_reached(
    books: Books, caller: Handset, callee: Handset
) -> None:
    call_id = next(CALL_IDS)
    hang_up(caller, callee, connect(caller, callee, call_id))
    asked = [message for command, message in books.heard if command == "authorise"][-1]
    assert asked["switch"] == "kamailio:proxy"


def test_an_emergency_call_names_no_link_and_is_in_no_list(
    books: Books, switch: Switch, control: httpx.Client, caller: Handset, callee: Handset
) -> None:
    assert switch.wait_until_told()
    caller.request("INVITE", CALLER, "112", next(CALL_IDS))
    invite = callee.hear("INVITE")
    assert invite is not None
    callee.answer(invite, "200 OK")
    answer = caller.final_answer("1 INVITE")
    assert answer is not None
    assert listed_calls(control) == {}
    hang_up(caller, callee, answer)
    assert switch.wait_until_told()
    asked = [message for command, message in books.heard if command == "authorise"][-1]
    assert (asked["service"], asked.get("switch")) == ("emergency", None)


def test_an_ordered_cut_ends_the_call_on_both_sides_and_says_why(
    books: Books, switch: Switch, control: httpx.Client, caller: Handset, callee: Handset
) -> None:
    call_id = next(CALL_IDS)
    connect(caller, callee, call_id)
    session_id = session_of(books, call_id).session_id
    assert order(control, {"order": "cut", "session_id": session_id, "reason": "fraud"}) == ["taken"]
    for bye in answer_byes(caller, callee):
        assert bye.all("Reason") == ['SIP;cause=403;text="fraud"']
    assert switch.wait_until_told()
    session = session_of(books, call_id)
    assert (session.ended, session.cause, session.used_seconds) == (True, "fraud", 1)
    assert order(control, {"order": "cut", "session_id": session_id, "reason": "fraud"}) == ["unknown"]


def test_a_call_that_rings_is_cut_too(
    books: Books, switch: Switch, control: httpx.Client, caller: Handset, callee: Handset
) -> None:
    call_id = next(CALL_IDS)
    invite = ring(caller, callee, call_id)
    session_id = session_of(books, call_id).session_id
    assert order(control, {"order": "cut", "session_id": session_id, "reason": "fraud"}) == ["taken"]
    cancel = callee.hear("CANCEL")
    assert cancel is not None
    callee.answer(cancel, "200 OK")
    callee.answer(invite, "487 Request Terminated")
    answer = caller.final_answer("1 INVITE")
    assert answer is not None
    assert answer.status_code == 487
    assert switch.wait_until_told()
    assert (session_of(books, call_id).cause, session_of(books, call_id).used_seconds) == ("fraud", 0)


def test_a_call_that_is_answered_as_it_is_cut_while_ringing_is_cut_after_all(
    books: Books, switch: Switch, control: httpx.Client, caller: Handset, callee: Handset
) -> None:
    call_id = next(CALL_IDS)
    invite = ring(caller, callee, call_id)
    order(control, {"order": "cut", "session_id": session_of(books, call_id).session_id, "reason": "fraud"})
    assert callee.hear("CANCEL") is not None
    answer_call(caller, callee, invite)
    answer_byes(caller, callee)
    assert switch.wait_until_told()
    assert session_of(books, call_id).cause == "fraud"


def test_an_order_to_renew_makes_the_call_ask_again_within_a_second(
    books: Books, switch: Switch, control: httpx.Client, caller: Handset, callee: Handset
) -> None:
    call_id = next(CALL_IDS)
    answer = connect(caller, callee, call_id, POOR[0])
    session = session_of(books, call_id)
    assert (session.granted_seconds, session.final) == (10, True)
    waits = []
    for more_micros in (5_000, 5_000, 1_000_000):
        granted_seconds = session_of(books, call_id).granted_seconds
        books.numbers[POOR[0]].balance_micros += more_micros
        asked_at = time.monotonic()
        assert order(control, {"order": "renew", "session_id": session.session_id, "reason": "funds"}) == ["taken"]
        while session_of(books, call_id).granted_seconds == granted_seconds:
            assert time.monotonic() - asked_at < PATIENCE_SECONDS
            time.sleep(0.01)
        waits.append(time.monotonic() - asked_at)
    assert min(waits) < 1, "a busy machine may spoil one of them"
    assert not session_of(books, call_id).final
    hang_up(caller, callee, answer)
    assert switch.wait_until_told()
    extended = [notice for notice in switch.notices() if notice.event == "extended"][-1]
    assert int(extended.facts["granted_seconds"]) >= 30


def test_orders_that_come_at_once_are_asked_one_after_the_other(
    books: Books, switch: Switch, control: httpx.Client, caller: Handset, callee: Handset
) -> None:
    call_id = next(CALL_IDS)
    answer = connect(caller, callee, call_id)
    session_id = session_of(books, call_id).session_id
    heard = len(books.heard)
    order(control, *[{"order": "renew", "session_id": session_id, "reason": "funds"}] * 20)
    assert switch.wait_until_told()
    numbers = [message["request_number"] for command, message in books.heard[heard:] if command == "update"]
    assert numbers == list(range(1, 21))
    hang_up(caller, callee, answer)


def test_an_order_to_renew_disturbs_no_call_that_still_rings(
    books: Books, switch: Switch, control: httpx.Client, caller: Handset, callee: Handset
) -> None:
    call_id = next(CALL_IDS)
    invite = ring(caller, callee, call_id)
    session_id = session_of(books, call_id).session_id
    assert order(control, {"order": "renew", "session_id": session_id, "reason": "funds"}) == ["taken"]
    assert switch.wait_until_told()
    assert session_of(books, call_id).updates == 0
    hang_up(caller, callee, answer_call(caller, callee, invite))


def test_orders_for_calls_that_nobody_has_are_said_to_be_unknown(control: httpx.Client) -> None:
    nobody = {"session_id": "nobody~1", "reason": "fraud"}
    assert order(control, {"order": "cut", **nobody}, {"order": "renew", **nobody}) == ["unknown", "unknown"]


def test_the_list_has_the_calls_that_ring_and_those_that_talk_and_none_that_are_over(
    books: Books, switch: Switch, control: httpx.Client, caller: Handset, callee: Handset
) -> None:
    assert switch.wait_until_told()
    assert listed_calls(control) == {}
    call_id = next(CALL_IDS)
    invite = ring(caller, callee, call_id)
    listed = {session_of(books, call_id).session_id: "funded"}
    assert listed_calls(control) == listed
    answer = answer_call(caller, callee, invite)
    assert listed_calls(control) == listed
    hang_up(caller, callee, answer)
    assert switch.wait_until_told()
    assert listed_calls(control) == {}


def test_a_call_whose_end_charging_has_not_taken_is_in_the_list_as_ending_until_it_has(
    books: Books, switch: Switch, control: httpx.Client, caller: Handset, callee: Handset
) -> None:
    call_id = next(CALL_IDS)
    answer = connect(caller, callee, call_id)
    assert switch.wait_until_told()
    books.answers_after_seconds = PATIENCE_SECONDS
    try:
        hang_up(caller, callee, answer)
        assert listed_calls(control) == {session_of(books, call_id).session_id: "funded ending"}
    finally:
        books.answers_after_seconds = 0
    assert switch.wait_until_told()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while listed_calls(control) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert listed_calls(control) == {}


def test_a_page_is_of_its_own_list_and_is_given_once(
    switch: Switch, control: httpx.Client, caller: Handset, callee: Handset
) -> None:
    answer = connect(caller, callee, next(CALL_IDS))
    first, second = (control.post("/calls", json={}).json() for _ in range(2))
    assert first["list"] != second["list"]
    for listed in (second, first):
        asked = {"list": listed["list"], "page": 1}
        assert len(control.post("/calls/page", json=asked).json()["calls"]) == 1
        assert control.post("/calls/page", json=asked).status_code == 404
    hang_up(caller, callee, answer)
    assert switch.wait_until_told()


def test_a_call_id_of_a_telephones_making_finds_no_other_call(
    books: Books, switch: Switch, control: httpx.Client, caller: Handset, callee: Handset
) -> None:
    call_id = f"{next(CALL_IDS)}|a|b{{}}\"'$"
    answer = connect(caller, callee, call_id)
    (session_id,) = [each for each in books.sessions if each.startswith(call_id.partition("|")[0] + "_")]
    assert listed_calls(control) == {session_id: "funded"}
    assert order(control, {"order": "cut", "session_id": session_id, "reason": "not a word!"}) == ["taken"]
    answer_byes(caller, callee)
    assert answer is not None
    assert switch.wait_until_told()
    assert books.sessions[session_id].cause == "ordered"


@pytest.mark.parametrize("secret", [None, "Bearer wrong", "", "Bearer secret-of-the-control-endpoin"])
def test_without_the_secret_nothing_is_told(switch: Switch, secret: str | None) -> None:
    headers = {} if secret is None else {"Authorization": secret}
    for path in ("/orders", "/calls", "/RPC"):
        answer = httpx.post(f"{switch.settings.control_url}{path}", json={}, headers=headers, trust_env=False)
        assert (answer.status_code, answer.text) == (401, "")


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/calls"), ("POST", "/RPC"), ("POST", "/"), ("DELETE", "/orders")]
)
def test_nothing_else_is_served(control: httpx.Client, method: str, path: str) -> None:
    assert control.request(method, path, content=b"{}").status_code == 404


def test_an_order_that_says_nothing_is_unknown_and_those_beside_it_are_taken(
    books: Books, switch: Switch, control: httpx.Client, caller: Handset, callee: Handset
) -> None:
    call_id = next(CALL_IDS)
    answer = connect(caller, callee, call_id)
    session_id = session_of(books, call_id).session_id
    orders = [7, None, "cut", {}, {"order": "cut"}, {"order": "burn", "session_id": session_id}]
    told = control.post("/orders", json={"orders": [*orders, {"order": "renew", "session_id": session_id}]})
    assert told.json() == {"outcomes": ["unknown"] * 6 + ["taken"]}
    hang_up(caller, callee, answer)
    assert switch.wait_until_told()


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"orders": []}', b'{"orders": 7}', b"\xff\x00\n", b"{}" * 4000])
def test_what_is_no_order_is_refused_and_harms_nobody(control: httpx.Client, body: bytes) -> None:
    assert control.post("/orders", content=body).status_code == 400
    assert listed_calls(control) == {}


def test_no_sip_is_served_where_orders_are_taken(switch: Switch) -> None:
    options = (
        f"OPTIONS sip:{LOOPBACK} SIP/2.0\r\nVia: SIP/2.0/TCP {LOOPBACK};branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n"
        "To: <sip:a@b>\r\nCall-ID: tcp\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 5\r\nContent-Length: 0\r\n\r\n"
    )
    with socket.create_connection((LOOPBACK, switch.settings.control_port), timeout=0.5) as line:
        line.sendall(options.encode())
        with pytest.raises(TimeoutError):
            line.recv(1)


def test_lines_that_say_half_a_request_or_nothing_keep_nobody_waiting(switch: Switch, control: httpx.Client) -> None:
    address = (LOOPBACK, switch.settings.control_port)
    with ExitStack() as stack:
        lines = [stack.enter_context(socket.create_connection(address, timeout=PATIENCE_SECONDS)) for _ in range(100)]
        for number, line in enumerate(lines):
            line.sendall(b"POST /orders HTTP/1.1\r\nContent-Length: 90000\r\n\r\n{"[: number % 50])
        waits = []
        for _try in range(3):
            asked_at = time.monotonic()
            assert listed_calls(control) == {}
            waits.append(time.monotonic() - asked_at)
        assert min(waits) < 1, "a busy machine may spoil one of them"


def test_a_body_beyond_all_measure_is_cut_off_and_harms_nobody(switch: Switch, control: httpx.Client) -> None:
    with socket.create_connection((LOOPBACK, switch.settings.control_port), timeout=PATIENCE_SECONDS) as line:
        line.sendall(b"POST /orders HTTP/1.1\r\nContent-Length: 100000000\r\n\r\n")
        with contextlib.suppress(OSError):
            for _ in range(100):
                line.sendall(b"x" * 10_000)
            assert line.recv(1) == b""
    assert listed_calls(control) == {}
