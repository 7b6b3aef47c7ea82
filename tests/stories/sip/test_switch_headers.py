"""What a trusted source may tell the switch of a call, what becomes of it, and that nobody else is believed."""

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from commcredits.core.outcomes import RefusalCode
from commcredits.edges.http.charging.openapi import charging_openapi
from commcredits.edges.http.problem_kinds import REFUSALS
from tests.stories.sip.charging_stand_in import STATUSES, Books, ChargingStandIn, Purse
from tests.stories.sip.handset import Handset, Heard
from tests.stories.sip.ports import free_ports
from tests.stories.sip.story import missing_programs
from tests.stories.sip.switch import Switch, SwitchSettings

pytestmark = [
    pytest.mark.slow,
    pytest.mark.switch,
    pytest.mark.skipif(bool(missing_programs()), reason=f"not installed: {', '.join(missing_programs())}"),
]

CALLER = "+40721000001"
CALLEE = "+49311000001"
TOKEN = "loopback-token"
USER = "front.desk@example.com"
TELLING = ("X-Call-Type: conf_out", f"X-User: {USER}", "X-Conference-ID: conf-4711")
OURS = ("x-call-type", "x-user", "x-conference-id")
CALL_IDS = (f"headers-{number}" for number in itertools.count(1))
REFUSED_USERS = {f"{code}@example.com": code for code in STATUSES if code not in {"unauthorised", "session_ended"}}


@pytest.fixture(scope="module")
def books() -> Books:
    purse = Purse(organization_id="funded", balance_micros=10**9, price_per_second_micros=1_000)
    return Books(token=TOKEN, numbers={CALLER: purse}, refuses_users=REFUSED_USERS)


@pytest.fixture(scope="module")
def callee_port() -> int:
    return free_ports(1)[0]


@pytest.fixture(scope="module")
def charging(books: Books) -> Iterator[ChargingStandIn]:
    with ChargingStandIn(books) as listening:
        yield listening


def _switch(charging: ChargingStandIn, callee_port: int, factory: pytest.TempPathFactory, trusted: str) -> Switch:
    settings = SwitchSettings(
        sip_port=free_ports(1)[0],
        next_hop_port=callee_port,
        charging_url=charging.url,
        token=TOKEN,
        trusted_sources=trusted,
    )
    return Switch(settings, factory.mktemp("switch"))


@pytest.fixture(scope="module")
def trusting(charging: ChargingStandIn, callee_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Switch]:
    with _switch(charging, callee_port, tmp_path_factory, "192.0.2.0/24,127.0.0.0/8") as running:
        yield running


@pytest.fixture(scope="module")
def suspicious(
    charging: ChargingStandIn, callee_port: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Switch]:
    with _switch(charging, callee_port, tmp_path_factory, "192.0.2.0/24") as running:
        yield running


@pytest.fixture
def callee(callee_port: int) -> Iterator[Handset]:
    with Handset(port=callee_port, tag="callee") as handset:
        yield handset


def _ring(switch: Switch, callee: Handset, *headers: str, caller: str = CALLER, dialled: str = CALLEE) -> Heard:
    """The INVITE that reaches the callee, who is busy."""
    with Handset(switch.settings.sip_port) as handset:
        handset.request("INVITE", caller, dialled, next(CALL_IDS), more=headers)
        invite = callee.hear("INVITE")
        assert invite is not None
        callee.answer(invite, "486 Busy Here")
        answer = handset.final_answer("1 INVITE")
        assert answer is not None
        assert answer.status_code == 486
    return invite


def _refusal(switch: Switch, *headers: str, caller: str = CALLER) -> Heard:
    """The final answer to a call that does not ring."""
    with Handset(switch.settings.sip_port) as handset:
        handset.request("INVITE", caller, CALLEE, next(CALL_IDS), more=headers)
        answer = handset.final_answer("1 INVITE")
    assert answer is not None
    return answer


def _asked(books: Books, call: Heard) -> list[Mapping[str, Any]]:
    """Every question that charging was asked about the call that this message is of."""
    of_call = f"{call.value('Call-ID')}~"
    asked = [message for command, message in books.heard if command == "authorise"]
    return [message for message in asked if message["session_id"].startswith(of_call)]


def _told(books: Books, call: Heard) -> dict[str, Any]:
    """What charging was asked about the call, without what every question has."""
    (asked,) = _asked(books, call)
    return {name: value for name, value in asked.items() if name not in {"session_id", "caller", "callee"}}


def _goes_no_further(invite: Heard) -> bool:
    return not any(line.partition(":")[0].lower() in OURS for line in invite.lines)


def test_what_a_trusted_source_tells_is_told_to_charging_and_goes_no_further(
    books: Books, trusting: Switch, callee: Handset
) -> None:
    invite = _ring(trusting, callee, *TELLING)
    assert _goes_no_further(invite)
    assert _told(books, invite) == {"call_type": "conf_out", "user": USER, "conference_id": "conf-4711"}


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ((), {"service": "outbound"}),
        ((f"X-User: {USER}",), {"service": "outbound", "user": USER}),
        (("x-user:   FRONT.DESK@EXAMPLE.COM",), {"service": "outbound", "user": "FRONT.DESK@EXAMPLE.COM"}),
        (('X-User: "quoted\\name"@example.com',), {"service": "outbound", "user": '"quoted\\name"@example.com'}),
        (("X-Call-Type: user_out_transfer",), {"call_type": "user_out_transfer"}),
        (("X-Conference-ID: 7",), {"service": "outbound", "conference_id": "7"}),
    ],
)
def test_each_header_is_told_by_itself_and_a_call_without_any_is_as_it_was(
    books: Books, trusting: Switch, callee: Handset, headers: tuple[str, ...], told: dict[str, str]
) -> None:
    invite = _ring(trusting, callee, *headers)
    assert _goes_no_further(invite)
    assert _told(books, invite) == told


def test_a_call_that_comes_in_belongs_to_whoever_has_the_number_that_is_called(
    books: Books, trusting: Switch, callee: Handset
) -> None:
    invite = _ring(trusting, callee, "X-Call-Type: ucap_in", caller=CALLEE, dialled=CALLER)
    assert _told(books, invite) == {"call_type": "ucap_in"}


@pytest.mark.parametrize("headers", [TELLING, ("X-Call-Type: emergency_out", *TELLING, "X-User: two words")])
def test_a_source_that_is_not_trusted_is_not_believed_and_its_headers_go_no_further(
    books: Books, suspicious: Switch, callee: Handset, headers: tuple[str, ...]
) -> None:
    invite = _ring(suspicious, callee, *headers)
    assert _goes_no_further(invite)
    assert _told(books, invite) == {"service": "outbound"}


def test_an_emergency_call_by_its_header_leaves_at_once_and_is_told_afterwards(
    books: Books, trusting: Switch, callee: Handset
) -> None:
    books.answers_after_seconds = 3
    try:
        invite = _ring(trusting, callee, "X-Call-Type: emergency_out", "X-User: two words", dialled="+40213110")
    finally:
        books.answers_after_seconds = 0
    assert _goes_no_further(invite)
    assert trusting.wait_until_told()
    (asked,) = _asked(books, invite)
    assert (asked["service"], asked["callee"]) == ("emergency", "+40213110")


def test_an_emergency_number_passes_whatever_its_headers_say(trusting: Switch, callee: Handset) -> None:
    wrong = ("X-User: one", "X-User: two", "X-Call-Type: conf_in")
    assert _goes_no_further(_ring(trusting, callee, *wrong, dialled="112"))


@pytest.mark.parametrize(
    "headers",
    [
        (f"X-User: {USER}", "X-User: sales.1@example.com"),
        ("X-Call-Type: user_out", "X-Call-Type: user_out"),
        ("X-User: two words",),
        ("X-User: ș@example.com",),
        ("X-Conference-ID:",),
    ],
)
def test_headers_that_say_two_things_or_nothing_readable_are_refused(
    books: Books, trusting: Switch, headers: tuple[str, ...]
) -> None:
    answer = _refusal(trusting, *headers)
    assert (answer.status_code, answer.value("X-Charging-Refusal")) == (403, "invalid_header")
    assert _asked(books, answer) == []


class LocalFileWithoutHeaders(SwitchSettings):
    """The settings of a site that has never heard of headers."""

    def local_configuration(self, control_socket: Path) -> str:
        lines = super().local_configuration(control_socket).splitlines(keepends=True)
        return "".join(line for line in lines if "TRUSTED_SOURCES" not in line and "_HEADER " not in line)


def test_a_site_whose_file_leaves_the_headers_out_believes_nobody(
    books: Books, charging: ChargingStandIn, callee: Handset, tmp_path: Path
) -> None:
    settings = LocalFileWithoutHeaders(
        sip_port=free_ports(1)[0], next_hop_port=callee.port, charging_url=charging.url, token=TOKEN
    )
    with Switch(settings, tmp_path) as switch:
        invite = _ring(switch, callee, *TELLING)
        assert _goes_no_further(invite)
        assert switch.troubles() == []
    assert _told(books, invite) == {"service": "outbound"}


@pytest.mark.parametrize("user", list(REFUSED_USERS))
def test_a_caller_who_is_refused_is_told_the_code(trusting: Switch, user: str) -> None:
    answer = _refusal(trusting, f"X-User: {user}")
    code = REFUSED_USERS[user]
    status = 402 if code == "insufficient_funds" else 403
    assert (answer.status_code, answer.value("X-Charging-Refusal")) == (status, code)
    assert answer.value("Reason") == f'SIP;cause={status};text="{code}"'


def test_the_stand_in_knows_every_refusal_of_a_new_call_that_is_somebodys_to_change() -> None:
    responses = charging_openapi()["paths"]["/v1/charging/authorise"]["post"]["responses"]
    promised = {code for status in ("402", "403", "404") for code in responses[status]["description"].split(", ")}
    known = {code for code in promised if code in set(RefusalCode)} - {
        "organization_closed",
        "no_rate",
        "unknown_organization",
    }
    assert known <= STATUSES.keys()
    assert all(STATUSES[code] == REFUSALS[RefusalCode(code)].status for code in known)
