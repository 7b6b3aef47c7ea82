"""Orders reach a proxy that asks over HTTP, soon and not twice at once, and its list of live calls is compared."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from pydantic import SecretStr, ValidationError

from commcredits.core.account import SessionState
from commcredits.core.commands import Start
from commcredits.core.flags import FlagKind
from commcredits.core.outcomes import Granted
from commcredits.edges.switches.kamailio.control import WAITING_MAX, ControlLink
from commcredits.operations.call_cuts import CutOrder, cut_call
from commcredits.operations.call_flags import list_flags
from commcredits.operations.following import CallOrder, Following, OrderKind
from commcredits.operations.paging import Page
from commcredits.operations.reports import CallRecord, get_call
from commcredits.operations.switch_parts import SwitchParts
from commcredits.settings.kamailio import KamailioLink
from tests.edges.switches.kamailio.control_proxy import SECRET, SWITCH, Proxy, Spoil, listening
from tests.operations.office import Office, open_office, soon
from tests.operations.switching import desk_of, following_of


class Said:
    """What was written by the test so far."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self._text = ""

    def count(self, words: str) -> int:
        """How often these words are in it."""
        self._text += "".join(self._capsys.readouterr())
        return self._text.count(words)


@pytest.fixture
async def office(database_url: str) -> AsyncIterator[Office]:
    async with open_office(database_url) as opened:
        yield opened


@asynccontextmanager
async def _linked(
    office: Office, proxy: Proxy, *, secret: str = SECRET, name: str = "edge-1"
) -> AsyncIterator[tuple[ControlLink, Following]]:
    following = following_of(office)
    parts = SwitchParts(desk=await desk_of(office), following=following, services=office.services)
    chosen = KamailioLink(way="http", address=f"127.0.0.1:{proxy.port}", secret=SecretStr(secret))
    link = ControlLink(parts, name, chosen, 1)
    await link.start()
    try:
        yield link, following
    finally:
        await link.stop()


def _renew(session_id: str) -> CallOrder:
    return CallOrder(kind=OrderKind.RENEW, organization_id="org", session_id=session_id, switch=SWITCH, reason="funds")


async def _running(office: Office, *session_ids: str) -> str:
    organization_id = await office.calling_organization()
    for session_id in session_ids:
        assert isinstance(await office.authorise(organization_id, session_id, switch=SWITCH), Granted)
        await office.execute(Start(organization_id=organization_id, session_id=session_id))
    return organization_id


async def _state(office: Office, organization_id: str, session_id: str) -> SessionState:
    call = await get_call(office.services, organization_id=organization_id, session_id=session_id)
    assert isinstance(call, CallRecord)
    return call.state


async def _flags(office: Office, organization_id: str) -> list[tuple[str, FlagKind]]:
    page = await list_flags(office.services, organization_id=organization_id, cursor=None, limit=10)
    assert isinstance(page, Page)
    return [(flag.session_id, flag.kind) for flag in page.items]


async def test_a_call_that_somebody_wants_cut_is_cut_and_that_is_noted(office: Office) -> None:
    organization_id = await _running(office, "call-1")
    wanted = await cut_call(
        office.services, organization_id=organization_id, session_id="call-1", reason="fraud", ordered_by="operator"
    )
    assert isinstance(wanted, CutOrder)
    async with listening(Proxy(calls={"call-1": organization_id})) as proxy, _linked(office, proxy) as (link, follow):
        (order,) = [each for each in await follow.look() if each.organization_id == organization_id]
        link.deliver(order)
        await soon(lambda: proxy.told == [("cut", "call-1")])
        untold = "select count(*) from call_cuts where told_at is null"
        while await office.services.pool.fetchval(untold):  # noqa: ASYNC110 - the database tells no event
            await asyncio.sleep(0.01)
    office.clock.advance(seconds=5)
    assert [each for each in await follow.look() if each.organization_id == organization_id] == []


async def test_a_cut_of_a_call_that_the_proxy_does_not_know_stays_ordered(office: Office) -> None:
    organization_id = await _running(office, "call-2")
    await cut_call(
        office.services, organization_id=organization_id, session_id="call-2", reason="fraud", ordered_by="operator"
    )
    async with listening(Proxy(unknown={"call-2"})) as proxy, _linked(office, proxy) as (link, follow):
        (order,) = [each for each in await follow.look() if each.organization_id == organization_id]
        link.deliver(order)
        await soon(lambda: proxy.told == [("cut", "call-2")])
    office.clock.advance(seconds=5)
    assert [each.kind for each in await follow.look() if each.organization_id == organization_id] == [OrderKind.CUT]


async def test_orders_that_wait_go_together_and_each_once(office: Office) -> None:
    async with listening(Proxy()) as proxy, _linked(office, proxy) as (link, _):
        for number in range(120):
            link.deliver(_renew(f"call-{number}"))
            link.deliver(_renew(f"call-{number}"))
        await soon(lambda: len(proxy.told) == 120)
        assert proxy.told == [("renew", f"call-{number}") for number in range(120)]
        assert len(proxy.requests) == 3


async def test_an_order_waits_for_a_proxy_that_is_away(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    async with listening(Proxy()) as gone:
        port = gone.port
    away = Proxy(port=port)
    said = Said(capsys)
    async with _linked(office, away) as (link, _):
        link.deliver(_renew("call-1"))
        await soon(lambda: said.count("proxy cannot be told anything") > 0)
        await asyncio.sleep(0.5)
        async with listening(away):
            await soon(lambda: away.told == [("renew", "call-1")])
            await soon(lambda: away.lists > 0)
    assert said.count("proxy cannot be told anything") == 1
    assert said.count("proxy can be told again") == 1


async def test_a_connection_that_the_proxy_closed_meanwhile_is_opened_again(office: Office) -> None:
    async with listening(Proxy(closes=True)) as proxy, _linked(office, proxy) as (link, _):
        for number in range(3):
            link.deliver(_renew(f"call-{number}"))
            await soon(lambda number=number: ("renew", f"call-{number}") in proxy.told)  # type: ignore[misc] # a default's type is not inferred


async def test_a_wrong_secret_is_said_and_never_written_down(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    async with listening(Proxy()) as proxy, _linked(office, proxy, secret="another-secret-of-ours") as (link, _):
        said = Said(capsys)
        link.deliver(_renew("call-1"))
        await soon(lambda: said.count("it knows another secret") > 0)
        assert proxy.told == []
    assert said.count("another-secret-of-ours") == 0


async def test_more_orders_than_can_wait_are_dropped_and_that_is_said_once(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    async with _linked(office, Proxy(port=1)) as (link, _):
        for number in range(WAITING_MAX + 10):
            link.deliver(_renew(f"call-{number}"))
    assert capsys.readouterr().out.count("orders dropped") == 1


async def test_a_link_stops_at_once_though_its_proxy_says_nothing(office: Office) -> None:
    async with listening(Proxy(silent=True)) as proxy, _linked(office, proxy) as (link, _):
        link.deliver(_renew("call-1"))
        await soon(lambda: proxy.kept_waiting > 0)
        async with asyncio.timeout(4):  # it waits for five seconds for an answer
            await link.stop()


async def test_a_call_that_two_lists_lack_is_ended_and_flagged(office: Office) -> None:
    organization_id = await _running(office, "here-1", "here-2", "here-3", "gone")
    office.clock.advance(seconds=60)
    listed = dict.fromkeys(("here-1", "here-2", "here-3"), organization_id)
    async with listening(Proxy(calls=listed)) as proxy, _linked(office, proxy):
        while await _state(office, organization_id, "gone") is not SessionState.ENDED:  # noqa: ASYNC110 - the database is asked again and again
            await asyncio.sleep(0.05)
        assert proxy.lists >= 2
        assert proxy.told == []
    assert await _state(office, organization_id, "here-3") is SessionState.STARTED
    assert await _flags(office, organization_id) == [("gone", FlagKind.GONE_FROM_SWITCH)]


async def test_a_call_that_nothing_pays_for_is_cut_once_two_lists_show_it(office: Office) -> None:
    organization_id = await office.calling_organization()
    listed = {"free": organization_id, "nobodys": ""}
    async with listening(Proxy(calls=listed)) as proxy, _linked(office, proxy):
        await soon(lambda: len(proxy.told) == 2)
        assert sorted(proxy.told) == [("cut", "free"), ("cut", "nobodys")]
    assert await _flags(office, organization_id) == [("free", FlagKind.NOT_CHARGED)]


async def test_a_call_that_is_over_at_the_proxy_is_neither_cut_nor_ended(office: Office) -> None:
    organization_id = await _running(office, "ends-here-first", "ends-there-first")
    office.clock.advance(seconds=60)
    await office.end(organization_id, "ends-here-first", 60)
    over = {"ends-here-first", "ends-there-first"}
    proxy = Proxy(calls=dict.fromkeys((*over, "free"), organization_id), ending=over)
    async with listening(proxy), _linked(office, proxy):
        await soon(lambda: ("cut", "free") in proxy.told)
    assert proxy.told == [("cut", "free")]
    assert await _state(office, organization_id, "ends-there-first") is SessionState.STARTED
    assert await _flags(office, organization_id) == [("free", FlagKind.NOT_CHARGED)]


def _one_call_less(path: str, payload: bytes) -> bytes:
    return payload.replace(b'"calls": 2', b'"calls": 3') if path == "/calls" else payload


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda _path, _payload: b"", "cannot be read"),
        (lambda _path, _payload: b"{" * 100_000, "cannot be read"),
        (lambda _path, _payload: b'{"switch": "kamailio:edge-1"}', "cannot be read"),
        (lambda _path, _payload: b" " * 300_000, "more than 262144 bytes"),
        (_one_call_less, "a list of 2 calls where 3 run"),
        (lambda _path, payload: payload.replace(b'"calls": 2', b'"calls": -2'), "cannot be read"),
        (lambda _path, payload: payload.replace(b'"pages": 1', b'"pages": 1000000'), "cannot be read"),
        (lambda _path, payload: payload.replace(b"edge-1", b"edge-2"), "calls itself kamailio:edge-2"),
    ],
    ids=["empty", "deep", "fields-missing", "oversize", "incomplete", "negative", "endless", "another-name"],
)
async def test_a_list_that_is_not_whole_or_not_this_proxys_ends_and_cuts_nothing(
    office: Office, capsys: pytest.CaptureFixture[str], spoil: Spoil, said: str
) -> None:
    organization_id = await _running(office, "gone")
    office.clock.advance(seconds=60)
    listed = {"free": organization_id, "other": organization_id}
    async with listening(Proxy(calls=listed, spoil=spoil)) as proxy, _linked(office, proxy):
        await soon(lambda: proxy.lists >= 3)
        assert proxy.told == []
    assert await _state(office, organization_id, "gone") is SessionState.STARTED
    assert said in capsys.readouterr().out
    await office.end(organization_id, "gone", 60)


async def test_a_broken_status_is_named(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    async with listening(Proxy(status="500 Broken")) as proxy, _linked(office, proxy):
        said = Said(capsys)
        await soon(lambda: said.count("/calls answered 500") > 0)


@pytest.mark.parametrize("secret", [None, "short", 'quote"quote"quote', "line\r\nX-Header: 1234567"])
def test_a_link_over_http_needs_a_secret_that_a_header_can_carry(secret: str | None) -> None:
    with pytest.raises(ValidationError):
        KamailioLink(way="http", address="127.0.0.1:5066", secret=None if secret is None else SecretStr(secret))
