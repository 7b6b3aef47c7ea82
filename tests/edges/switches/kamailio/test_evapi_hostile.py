"""Whatever comes over one link harms no other: bad frames, wrong fields, floods, silence in the middle of a word."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final, cast

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from commcredits.core.outcomes import Done as NothingMore
from commcredits.core.outcomes import Outcome, RefusalCode, Refused
from commcredits.edges.switches.kamailio.conversation import Conversation
from commcredits.edges.switches.kamailio.limits import LinkLimits
from commcredits.edges.switches.kamailio.link import EvapiLink
from commcredits.edges.switches.kamailio.messages import (
    DoGrant,
    Done,
    DoRefuse,
    SaysCalls,
    SaysCut,
    SaysListed,
    SaysPong,
)
from commcredits.operations.charging import ChargingCommand, ChargingDesk
from commcredits.operations.following import Following
from commcredits.operations.services import Services
from commcredits.operations.switch_parts import SwitchParts
from commcredits.settings.kamailio import KamailioLink
from commcredits.storage.connection import Pool
from tests.edges.http.charging.harness import ORGANIZATION, usual_outcome
from tests.edges.switches.kamailio.evapi_peer import SECRET, WAIT_SECONDS, EvapiPeer, listening, netstring
from tests.operations.office import soon

CALLER: Final = "+40212345678"
ASKED: Final = {
    "say": "authorise",
    "tindex": 1,
    "tlabel": 2,
    "session_id": "one",
    "caller": CALLER,
    "callee": "+4930123456",
    "service": "outbound",
}
QUICK: Final = LinkLimits(
    entry_seconds=5, ping_seconds=0.05, silence_seconds=20, retry_seconds_max=0.2, in_flight_max=8
)
NO_POOL: Final = cast("Pool", None)


class Submitter:
    """Answers at once, or holds its answers back."""

    def __init__(self) -> None:
        self.holds = False
        self.answers: Outcome | None = None
        self.held: list[Callable[[], None]] = []
        self.commands: list[ChargingCommand] = []

    def submit(self, command: ChargingCommand, callback: Callable[[Outcome], None]) -> None:
        self.commands.append(command)
        outcome = self.answers or usual_outcome(command)
        if self.holds:
            self.held.append(lambda: callback(outcome))
        else:
            callback(outcome)

    def let_go(self) -> None:
        self.holds = False
        while self.held:
            self.held.pop(0)()


class Directory:
    def organization_of(self, e164: str) -> str | None:
        return ORGANIZATION if e164 == CALLER else None


class NoLink:
    def pong(self, said: SaysPong) -> None: ...
    def cut(self, said: SaysCut) -> None: ...
    def calls(self, said: SaysCalls) -> None: ...
    def listed(self, said: SaysListed) -> None: ...


def _desk(submitter: Submitter) -> ChargingDesk:
    return ChargingDesk(
        submitter=submitter, directory=Directory(), pool=NO_POOL, shard_id=0, clock=lambda: datetime.now(UTC)
    )


def _talk(submitter: Submitter) -> tuple[Conversation, list[Done]]:
    told: list[Done] = []
    return (
        Conversation(_desk(submitter), switch="kamailio:a", send=told.append, events=NoLink(), limits=QUICK),
        told,
    )


@asynccontextmanager
async def _linked(peer: EvapiPeer, submitter: Submitter, limits: LinkLimits = QUICK) -> AsyncIterator[EvapiLink]:
    desk = _desk(submitter)
    parts = SwitchParts(
        desk=desk,
        following=Following(pool=NO_POOL, shard_id=0, protocol="kamailio", clock=desk.clock),
        services=cast("Services", _NoServices()),
    )
    chosen = KamailioLink(way="evapi", address=f"127.0.0.1:{peer.port}", secret=SecretStr(SECRET))
    # A list of no database is never compared: the peer leaves a part of each out.
    peer.lists_whole, peer.calls = False, {"one": ""}
    link = EvapiLink(parts, "a", chosen, 3_600, limits=limits)
    await link.start()
    try:
        yield link
    finally:
        await link.stop()


class _NoServices:
    pool = NO_POOL
    shard_id = 0


JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)
FIELDS: Final = st.sampled_from(
    ["session_id", "caller", "callee", "organization_id", "service", "call_type", "user", "conference_id",
     "slice_seconds", "tindex", "tlabel", "report", "used_seconds", "request_number", "cause", "authorise", "calls",
     "list", "count", "active"]
)  # fmt: skip
VERBS: Final = st.sampled_from(["authorise", "start", "update", "end", "cut", "calls", "listed", "pong", "nonsense"])
USUAL: Final = {**ASKED, "organization_id": ORGANIZATION, "report": "end/1/one", "used_seconds": 1, "request_number": 1}


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_message_is_too_strange_to_be_heard(message: bytes) -> None:
    conversation, _ = _talk(Submitter())
    with structlog.testing.capture_logs():
        conversation.hear(message)


@given(say=VERBS, changed=st.dictionaries(FIELDS, JSON, max_size=3))
def test_wrong_fields_lead_to_a_refusal_or_to_nothing_and_never_to_an_error(say: str, changed: dict[str, Any]) -> None:
    submitter = Submitter()
    conversation, told = _talk(submitter)
    with structlog.testing.capture_logs() as logs:
        conversation.hear(json.dumps({**USUAL, "say": say, **changed}).encode())
    assert not [line for line in logs if line["log_level"] == "error"]
    assert len(told) <= 1
    assert conversation.in_flight == 0


@pytest.mark.parametrize(
    "changed",
    [
        {"session_id": "two words"},
        {"session_id": ""},
        {"session_id": 7},
        {"caller": "sales"},
        {"organization_id": "not-a-uuid"},
        {"slice_seconds": 0},
        {"slice_seconds": "5"},
        {"service": "free_of_charge"},
        {"call_type": 1},
        {"user": "\u202e"},
        {"conference_id": "x" * 65},
        {"callee": None},
    ],
)
def test_a_question_with_a_wrong_field_is_answered_at_once_and_nothing_is_charged(changed: dict[str, Any]) -> None:
    submitter = Submitter()
    conversation, told = _talk(submitter)
    with structlog.testing.capture_logs():
        conversation.hear(json.dumps({**ASKED, **changed}).encode())
    assert told == [DoRefuse(1, 2, 403, "invalid_input")]
    assert submitter.commands == []


@pytest.mark.parametrize(
    "changed",
    [
        {"callee": "112", "caller": 7},
        {"service": "emergency", "user": []},
        {"call_type": "emergency_out", "caller": ""},
    ],
)
def test_an_emergency_passes_whatever_else_is_wrong(changed: dict[str, Any]) -> None:
    conversation, told = _talk(Submitter())
    with structlog.testing.capture_logs():
        conversation.hear(json.dumps({**ASKED, **changed}).encode())
    (answer,) = told
    assert isinstance(answer, DoGrant)
    assert answer.granted_seconds == 86_400


def test_nothing_of_a_message_that_was_not_understood_is_logged() -> None:
    conversation, _ = _talk(Submitter())
    with structlog.testing.capture_logs() as logs:
        conversation.hear(json.dumps({**ASKED, "caller": [CALLER], "service": "secret-service"}).encode())
    assert len(logs) == 1
    assert CALLER not in str(logs)
    assert "secret-service" not in str(logs)


def test_a_flood_of_nonsense_is_a_few_lines_of_the_log() -> None:
    conversation, _ = _talk(Submitter())
    with structlog.testing.capture_logs() as logs:
        for _ in range(10_000):
            conversation.hear(b"nonsense")
    assert len(logs) == 14


def test_an_outcome_that_nobody_expected_harms_nobody() -> None:
    submitter = Submitter()
    submitter.answers = NothingMore(changed=True)
    conversation, told = _talk(submitter)
    conversation.hear(json.dumps(ASKED).encode())
    assert told == [DoRefuse(1, 2, 503, "internal_error")]
    assert conversation.in_flight == 0


def test_a_report_that_could_not_be_taken_is_not_said_to_be_taken() -> None:
    submitter = Submitter()
    submitter.answers = Refused(code=RefusalCode.BUSY)
    conversation, told = _talk(submitter)
    ids = {"session_id": "one", "organization_id": ORGANIZATION}
    ended = {"say": "end", "report": "end/1/one", "used_seconds": 5, **ids}
    conversation.hear(json.dumps(ended).encode())
    assert told == []


@pytest.mark.parametrize(
    "raw", [b"5:hello;", b"99999999:", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00", b"16385:" + b"x" * 16_386]
)
async def test_what_is_no_frame_ends_the_link_which_is_made_anew(raw: bytes) -> None:
    submitter = Submitter()
    with structlog.testing.capture_logs() as logs:
        async with listening(EvapiPeer()) as peer, _linked(peer, submitter):
            await peer.linked()
            peer.write(raw)
            await peer.linked(2)
            assert (await peer.ask(**ASKED))["status"] == 200
    lost = [line for line in logs if line["event"] == "link lost"]
    assert len(lost) == 1
    assert "message" in lost[0]["reason"]


async def test_a_word_that_is_never_finished_ends_the_link() -> None:
    with structlog.testing.capture_logs() as logs:
        limits = replace(QUICK, silence_seconds=0.8)
        async with listening(EvapiPeer()) as peer, _linked(peer, Submitter(), limits), asyncio.timeout(WAIT_SECONDS):
            await peer.linked()
            peer.answers_pings = False
            peer.write(b"900:{")
            while peer.links < 2:
                peer.write(b" ")
                await asyncio.sleep(0.05)
            peer.answers_pings = True
            await peer.linked(2)
    assert "it is silent" in {line.get("reason") for line in logs}


async def test_more_than_may_be_in_flight_is_answered_busy_at_once_and_the_rest_later() -> None:
    submitter = Submitter()
    submitter.holds = True
    async with listening(EvapiPeer()) as peer, _linked(peer, submitter):
        await peer.linked()
        peer.write(b"".join(netstring({**ASKED, "tindex": number}) for number in range(20)))
        await peer.hear(count=12, status=503, code="busy")
        assert len(submitter.commands) == QUICK.in_flight_max
        submitter.let_go()
        await peer.hear(count=8, status=200)


async def test_a_kamailio_that_reads_nothing_is_given_up_and_others_are_served() -> None:
    submitter = Submitter()
    limits = LinkLimits(retry_seconds_max=0.2, write_buffer_bytes_max=200_000)
    with structlog.testing.capture_logs() as logs:
        async with (
            listening(EvapiPeer()) as deaf,
            listening(EvapiPeer()) as other,
            _linked(deaf, submitter, limits),
            _linked(other, submitter, limits),
        ):
            await deaf.linked()
            await other.linked()
            deaf.reads.clear()
            for number in itertools.count():
                deaf.write(b"".join(netstring({**ASKED, "tindex": number}) for _ in range(500)))
                assert (await other.ask(**ASKED))["status"] == 200
                if any(line["event"] == "link lost" for line in logs):
                    break
            deaf.reads.set()
            await deaf.linked(2)
    assert "it does not read what it is told" in {line.get("reason") for line in logs}


async def test_links_that_come_and_go_leave_no_task_and_no_socket() -> None:
    before = asyncio.all_tasks()
    async with listening(EvapiPeer()) as peer, _linked(peer, Submitter()):
        for times in range(1, 6):
            await peer.linked(times)
            peer.break_off()
        await peer.linked(6)
    await soon(lambda: asyncio.all_tasks() == before)


def test_the_answer_to_a_good_question_names_its_transaction() -> None:
    conversation, told = _talk(Submitter())
    conversation.hear(json.dumps(ASKED).encode())
    assert told == [DoGrant(1, 2, "one", 300, ORGANIZATION)]
