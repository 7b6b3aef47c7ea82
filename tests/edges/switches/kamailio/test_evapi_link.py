"""A link to Kamailio comes up, stays up, is found again, carries orders both ways, and compares the calls that run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Final

import pytest
import structlog
from pydantic import SecretStr, ValidationError

from commcredits.core.account import SessionState
from commcredits.core.commands import Start
from commcredits.core.flags import FlagKind
from commcredits.core.outcomes import Granted
from commcredits.edges.switches.kamailio.limits import LinkLimits
from commcredits.edges.switches.kamailio.link import NOT_PAID_FOR, EvapiLink
from commcredits.edges.switches.kamailio.serve import serve
from commcredits.operations.call_cuts import CutOrder, cut_call
from commcredits.operations.call_flags import list_flags
from commcredits.operations.following import CallOrder, OrderKind
from commcredits.operations.paging import Page
from commcredits.operations.reports import CallRecord, get_call
from commcredits.operations.switch_parts import SwitchParts
from commcredits.settings.kamailio import KamailioLink, KamailioSettings
from tests.edges.switches.kamailio.evapi_peer import SECRET, WAIT_SECONDS, EvapiPeer, listening
from tests.operations.office import CALLEE, CALLER, Office, open_office, soon
from tests.operations.switching import SWITCH, desk_of, following_of

NAME: Final = SWITCH.partition(":")[2]
IMPATIENT: Final = LinkLimits(
    entry_seconds=5, ping_seconds=0.05, silence_seconds=1, retry_seconds_max=0.2, list_seconds=0.3
)


@pytest.fixture
async def office(database_url: str) -> AsyncIterator[Office]:
    async with open_office(database_url) as opened:
        yield opened


async def _parts(office: Office) -> SwitchParts:
    return SwitchParts(desk=await desk_of(office), following=following_of(office), services=office.services)


def _settings(peer: EvapiPeer) -> KamailioLink:
    return KamailioLink(way="evapi", address=f"127.0.0.1:{peer.port}", secret=SecretStr(SECRET))


@asynccontextmanager
async def _linked(
    office: Office, peer: EvapiPeer, *, reconcile_seconds: int = 3_600, limits: LinkLimits | None = None
) -> AsyncIterator[EvapiLink]:
    link = EvapiLink(await _parts(office), NAME, _settings(peer), reconcile_seconds, limits=limits)
    await link.start()
    try:
        yield link
    finally:
        await link.stop()


@asynccontextmanager
async def _served(office: Office, peer: EvapiPeer) -> AsyncIterator[None]:
    settings = KamailioSettings(links={NAME: _settings(peer)}, reconcile_seconds=3_600)
    links = await serve(await _parts(office), settings)
    try:
        yield
    finally:
        await links.stop()


def _asked(organization_id: str, session_id: str, tindex: int = 1) -> dict[str, Any]:
    return {
        "say": "authorise",
        "tindex": tindex,
        "tlabel": 77,
        "session_id": session_id,
        "caller": CALLER,
        "callee": CALLEE,
        "service": "outbound",
        "organization_id": organization_id,
    }


async def _running(office: Office, organization_id: str, *session_ids: str) -> None:
    for session_id in session_ids:
        assert isinstance(await office.authorise(organization_id, session_id, switch=SWITCH), Granted)
        await office.execute(Start(organization_id=organization_id, session_id=session_id))
    office.clock.advance(seconds=60)


async def _call(office: Office, organization_id: str, session_id: str) -> CallRecord:
    found = await get_call(office.services, organization_id=organization_id, session_id=session_id)
    assert isinstance(found, CallRecord)
    return found


async def test_a_call_is_told_from_its_question_to_its_end(office: Office) -> None:
    organization_id = await office.calling_organization()
    names = {"organization_id": organization_id, "session_id": "one"}
    async with listening(EvapiPeer()) as peer, _linked(office, peer):
        await peer.linked()
        answer = await peer.ask(**_asked(organization_id, "one"))
        assert answer == {
            "do": "answer",
            "tindex": 1,
            "tlabel": 77,
            "session_id": "one",
            "granted_seconds": 300,
            "organization_id": organization_id,
            "status": 200,
        }
        assert await peer.ask(say="start", report="start/1/one", **names) == {"do": "told", "report": "start/1/one"}
        more = await peer.ask(say="update", request_number=1, used_seconds=200, **names)
        assert more == {"do": "extend", "session_id": "one", "granted_seconds": 500}
        over = await peer.ask(say="end", report="end/2/one", used_seconds=210, cause="caller_hung_up", **names)
        assert over == {"do": "told", "report": "end/2/one"}
        late = await peer.ask(say="update", request_number=2, used_seconds=220, **names)
        assert late == {"do": "stay", "session_id": "one", "code": "session_ended"}
    call = await _call(office, organization_id, "one")
    assert (call.duration_seconds, call.cause, call.charged_micros) == (210, "caller_hung_up", 2_100_000)


async def test_a_refused_caller_is_told_the_status_and_the_code(office: Office) -> None:
    poor = await office.calling_organization(funds_micros=1)
    async with listening(EvapiPeer()) as peer, _linked(office, peer):
        await peer.linked()
        refused = await peer.ask(**_asked(poor, "one", tindex=9))
        assert refused == {"do": "answer", "tindex": 9, "tlabel": 77, "status": 402, "code": "insufficient_funds"}
        stranger = await peer.ask(**{**_asked("", "two"), "caller": "+40799999999"})
        assert (stranger["status"], stranger["code"]) == (403, "unknown_number")


async def test_an_emergency_is_let_through_and_recorded_without_a_link_to_cut_it(office: Office) -> None:
    organization_id = await office.calling_organization(funds_micros=1)
    asked = {**_asked(organization_id, "sos"), "callee": "112", "service": "emergency"}
    told = {name: value for name, value in asked.items() if name not in {"say", "tindex", "tlabel"}}
    async with listening(EvapiPeer()) as peer, _linked(office, peer):
        await peer.linked()
        assert (await peer.ask(say="start", report="start/1/sos", authorise=told))["do"] == "told"
        end = await peer.ask(say="end", report="end/2/sos", used_seconds=90, cause="caller_hung_up", authorise=told)
        assert end["do"] == "told"
        assert (await peer.ask(**asked))["granted_seconds"] == 86_400
    call = await _call(office, organization_id, "sos")
    assert (call.state, call.duration_seconds, call.charged_micros) == ("ended", 90, 0)
    assert await office.services.pool.fetchval("select switch from call_sessions where session_id = 'sos'") == ""


async def test_what_is_held_for_a_call_that_was_given_up_on_is_let_go(office: Office) -> None:
    organization_id = await office.calling_organization()
    asked = _asked(organization_id, "late")
    told = {name: value for name, value in asked.items() if name not in {"say", "tindex", "tlabel"}}
    async with listening(EvapiPeer()) as peer, _linked(office, peer):
        await peer.linked()
        await peer.ask(**asked)
        for session_id in ("late", "never-heard-of"):
            given_up = {**told, "session_id": session_id}
            report = {"report": f"end/1/{session_id}", "used_seconds": 0, "cause": "no_answer_to_authorise"}
            assert (await peer.ask(say="end", authorise=given_up, **report))["do"] == "told"
    assert (await _call(office, organization_id, "late")).state == "ended"


async def test_orders_reach_kamailio_within_a_second_and_a_cut_that_was_taken_is_not_given_again(
    office: Office,
) -> None:
    organization_id = await office.calling_organization(funds_micros=3_500_000)
    await _running(office, organization_id, "two", "one")
    async with listening(EvapiPeer()) as peer, _served(office, peer):
        await peer.linked()
        loop, waits = asyncio.get_running_loop(), []
        for times in (1, 2, 3):
            await office.grant(organization_id, 1_000_000)
            arrived_at = loop.time()
            await peer.hear(count=times, do="renew", session_id="one")
            waits.append(loop.time() - arrived_at)
        assert min(waits) < 1, "a busy machine may spoil one of them"
        ordered = await cut_call(
            office.services, organization_id=organization_id, session_id="two", reason="fraud", ordered_by="ops"
        )
        assert isinstance(ordered, CutOrder)
        assert (await peer.hear(do="cut", session_id="two"))["reason"] == "fraud"
        office.clock.advance(seconds=5)
        await peer.hear(count=2, do="cut", session_id="two")
        peer.say(say="cut", session_id="two")
        untold = "select count(*) from call_cuts where told_at is null"
        async with asyncio.timeout(WAIT_SECONDS):
            while await office.services.pool.fetchval(untold):  # noqa: ASYNC110 - the database tells no event
                await asyncio.sleep(0.02)


async def test_an_order_for_a_kamailio_without_a_link_is_logged_and_harms_nothing(office: Office) -> None:
    organization_id = await office.calling_organization(funds_micros=500_000)
    assert isinstance(await office.authorise(organization_id, "elsewhere", switch="kamailio:other"), Granted)
    with structlog.testing.capture_logs() as logs:
        async with listening(EvapiPeer()) as peer, _served(office, peer):
            await peer.linked()
            await office.grant(organization_id, 1_000_000)
            await soon(lambda: any(line["event"] == "order to a Kamailio that has no link" for line in logs))
    assert peer.heard == []


async def test_links_of_both_ways_stand_beside_each_other(office: Office) -> None:
    async with listening(EvapiPeer()) as peer:
        nobody = KamailioLink(way="http", address="127.0.0.1:9", secret=SecretStr(SECRET))
        settings = KamailioSettings(links={"a": _settings(peer), "b": nobody}, reconcile_seconds=3_600)
        links = await serve(await _parts(office), settings)
        await peer.linked()
        assert links.port == 0
        await links.stop()


async def test_a_link_that_breaks_is_found_again_and_the_calls_are_compared_anew(office: Office) -> None:
    async with listening(EvapiPeer()) as peer, _linked(office, peer):
        for times in (1, 2, 3):
            await peer.linked(times)
            peer.break_off()


async def test_a_kamailio_that_is_not_there_yet_is_waited_for(office: Office) -> None:
    peer = EvapiPeer()
    async with listening(peer):
        pass
    with structlog.testing.capture_logs() as logs:
        async with _linked(office, peer, limits=IMPATIENT):
            await soon(lambda: any(line["event"] == "cannot connect" for line in logs))
            await asyncio.sleep(0.5)
            async with listening(peer, peer.port):
                await peer.linked()
    assert [line["event"] for line in logs][:2] == ["cannot connect", "linked"]


async def test_a_kamailio_that_does_not_take_our_secret_is_left_and_tried_again_with_a_clear_word(
    office: Office,
) -> None:
    limits = replace(IMPATIENT, entry_seconds=0.3)
    with structlog.testing.capture_logs() as logs:
        async with listening(EvapiPeer(secret="another secret")) as peer, _linked(office, peer, limits=limits):
            await soon(lambda: peer.connections > 2)
    assert peer.links == 0
    assert len([line for line in logs if line["event"] == "not let in"]) == 1
    assert {line["reason"] for line in logs if line["event"] == "not let in"} == {
        "our secret was not taken: compare it with LINK_SECRET"
    }
    assert SECRET not in str(logs)


async def test_a_kamailio_that_falls_silent_is_left_and_connected_to_anew(office: Office) -> None:
    with structlog.testing.capture_logs() as logs:
        async with listening(EvapiPeer()) as peer, _linked(office, peer, limits=IMPATIENT):
            await peer.linked()
            peer.answers_pings = False
            await soon(lambda: peer.links > 1)
            peer.answers_pings = True
            await peer.linked(2)
    assert ("link lost", "it is silent") in {(line["event"], line.get("reason")) for line in logs}


async def test_what_was_asked_is_answered_before_the_link_is_closed(office: Office) -> None:
    organization_id = await office.calling_organization(funds_micros=500_000_000)
    async with listening(EvapiPeer()) as peer:
        async with _linked(office, peer):
            await peer.linked()
            for number in range(50):
                peer.say(**_asked(organization_id, f"call-{number}", tindex=number))
            await peer.hear(do="answer")
        answered = {each["tindex"]: each["status"] for each in peer.heard}
        assert set(answered) == set(range(50))
        assert set(answered.values()) <= {200, 503}


async def test_a_call_that_kamailio_has_lost_is_ended_once_two_lists_agree(office: Office) -> None:
    organization_id = await office.calling_organization()
    await _running(office, organization_id, "kept", "lost")
    peer = EvapiPeer(calls={"kept": organization_id})
    async with asyncio.timeout(WAIT_SECONDS), listening(peer), _linked(office, peer, reconcile_seconds=1):
        while (await _call(office, organization_id, "lost")).state != "ended":  # noqa: ASYNC110 - the database tells no event
            await asyncio.sleep(0.05)
        assert peer.lists >= 2
    assert (await _call(office, organization_id, "kept")).state == SessionState.STARTED.value
    flags = await list_flags(office.services, organization_id=organization_id, cursor=None, limit=10)
    assert isinstance(flags, Page)
    assert [(flag.session_id, flag.kind) for flag in flags.items] == [("lost", FlagKind.GONE_FROM_SWITCH)]


async def test_a_call_that_nothing_pays_for_is_cut(office: Office) -> None:
    stray = {f"stray-{number}": "" for number in range(100)}
    async with listening(EvapiPeer(calls=stray)) as peer, _linked(office, peer, reconcile_seconds=1):
        for session_id in stray:
            assert (await peer.hear(do="cut", session_id=session_id))["reason"] == NOT_PAID_FOR


async def test_a_call_that_is_over_there_is_neither_cut_nor_ended(office: Office) -> None:
    organization_id = await office.calling_organization()
    await _running(office, organization_id, "ends-here-first", "ends-there-first")
    office.clock.advance(seconds=60)
    await office.end(organization_id, "ends-here-first", 60)
    over = {"ends-here-first", "ends-there-first"}
    peer = EvapiPeer(calls=dict.fromkeys((*over, "free"), organization_id), ending=over)
    async with listening(peer), _linked(office, peer, reconcile_seconds=1):
        await peer.hear(do="cut", session_id="free")
    assert [each["session_id"] for each in peer.heard] == ["free"]
    assert (await _call(office, organization_id, "ends-there-first")).state == SessionState.STARTED.value
    flags = await list_flags(office.services, organization_id=organization_id, cursor=None, limit=10)
    assert isinstance(flags, Page)
    assert [(flag.session_id, flag.kind) for flag in flags.items] == [("free", FlagKind.NOT_CHARGED)]


async def test_a_list_of_which_a_part_is_lost_ends_nothing(office: Office) -> None:
    organization_id = await office.calling_organization()
    await _running(office, organization_id, "kept")
    peer = EvapiPeer(calls={"kept": organization_id}, lists_whole=False)
    with structlog.testing.capture_logs() as logs:
        async with listening(peer), _linked(office, peer, reconcile_seconds=1, limits=IMPATIENT):
            await soon(lambda: peer.lists > 2)
    assert (await _call(office, organization_id, "kept")).state == SessionState.STARTED.value
    assert "the list did not come whole" in {line.get("reason") for line in logs}


async def test_a_link_that_another_one_stands_in_for_asks_for_no_lists(office: Office) -> None:
    async with listening(EvapiPeer(active=0)) as peer, _linked(office, peer, limits=IMPATIENT):
        await soon(lambda: peer.links == 1)
        await asyncio.sleep(0.3)
        assert peer.lists == 0
        peer.active = 1
        await peer.linked()
        assert peer.links == 1


async def test_orders_beyond_what_may_wait_do_not_pile_up(office: Office) -> None:
    async with listening(EvapiPeer()) as peer, _linked(office, peer, limits=LinkLimits(cuts_max=3)) as link:
        await peer.linked()
        for number in range(10):
            session_id = f"call-{number}"
            link.deliver(
                CallOrder(
                    kind=OrderKind.CUT, organization_id="org", session_id=session_id, switch=SWITCH, reason="fraud"
                )
            )
        await peer.hear(do="cut", session_id="call-9")
        assert len(peer.heard) == 10


@pytest.mark.parametrize("secret", [None, "too short", "sixteen and a ü here"])
def test_a_link_without_a_fit_secret_is_refused(secret: str | None) -> None:
    with pytest.raises(ValidationError, match="16"):
        KamailioLink.model_validate({"way": "evapi", "address": "127.0.0.1:8448", "secret": secret})
