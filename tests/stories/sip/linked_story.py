"""Hundreds of real calls through a Kamailio that charging can tell things: funds, an operator's cut, two restarts.

Knows the acts, their order and how they are told apart. Refuses to know which way the Kamailio asks (a ``Way`` does),
and what should come of the calls.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psutil
from pydantic import SecretStr

from commcredits.core.money import parse_micros
from commcredits.main.addresses import LOOPBACK
from commcredits.main.running import Running
from commcredits.main.supervisor import running_system
from commcredits.settings import Settings
from commcredits.settings.kamailio import KamailioLink, KamailioSettings
from tests.stories.books import Ledger, administration, price_micros, read_ledger
from tests.stories.sip.accounts import FUNDS_MICROS, open_funded
from tests.stories.sip.phones import PORTS_EACH, Telephones
from tests.stories.sip.plan import Chapter, Outcome, talking, waiting
from tests.stories.sip.ports import free_ports
from tests.stories.sip.story import SipCall, calls_of
from tests.stories.sip.switch import Notice, Switch

TOKEN: Final = "loopback-token-of-the-story"
LINK_NAME: Final = "proxy"
CALLS_PER_SECOND: Final = 50
TELEPHONES_MAX: Final = 16
WAIT_SECONDS_MAX: Final = 40
POLL_SECONDS: Final = 0.05
ANSWERS: Final = "+49311000001"
HANGS_UP: Final = "+49311000002"
EMERGENCY: Final = "112"

RICH: Final = tuple(f"+4072200010{digit}" for digit in range(5))
EMPTY: Final = "+40722000200"
SHORT: Final = tuple(f"+407220003{number:02}" for number in range(50))
"""Each can pay for SHORT_SECONDS: one call, which is cut."""
SHORT_SECONDS: Final = 3
TOPPED_UP: Final = tuple(f"+4072200040{digit}" for digit in range(5))
"""Each can pay for TOPPED_UP_SECONDS, and is topped up in mid-call."""
TOPPED_UP_SECONDS: Final = 14
FUNDS: Final = {
    **dict.fromkeys(RICH, FUNDS_MICROS),
    EMPTY: 0,
    **dict.fromkeys(SHORT, price_micros(SHORT_SECONDS)),
    **dict.fromkeys(TOPPED_UP, price_micros(TOPPED_UP_SECONDS)),
}
TALK_SECONDS: Final = 2
LONG_SECONDS: Final = 21
"""Longer than one slice: such a call must be extended to come to its own end."""

SLICE_SECONDS: Final = 20
RENEWAL_LEAD_SECONDS: Final = 15
"""Asked for early: within it, charging that was killed must be back, on a busy machine too."""
RENEWAL_RETRY_SECONDS: Final = 30
"""Longer than any call lasts: only what charging tells can extend a call whose grant its balance limited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where the parts of a switch are heard."""

    sip: int
    callee: int
    link: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How a Kamailio and charging are linked: the link's setting, and the switch for a charging process's address."""

    link: Callable[[Ports], KamailioLink]
    switch: Callable[[Ports, str, Path], Switch]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedStory:
    """All calls, the books, and how long the push of charging took, in seconds.

    ``extended_after``: from the answer to the top-up until the switch had extended the call. ``cut_after``: from the
    operator's order until the switch had ended the call.
    """

    calls: tuple[SipCall, ...]
    ledger: Ledger
    extended_after: Mapping[str, float]
    cut_after: Mapping[str, float]
    flags: tuple[tuple[str, str], ...]
    complaints: tuple[str, ...]

    def of(self, chapter: str) -> tuple[SipCall, ...]:
        """The calls of one chapter."""
        return tuple(call for call in self.calls if call.chapter == chapter)


@dataclass(slots=True, kw_only=True)
class _Stage:
    running: Running
    opened: Mapping[str, str]
    telephones: Telephones
    switch: Switch
    way: Way
    ports: Ports
    place: Path
    chapters: list[Chapter] = field(default_factory=list)
    notices_before: list[Notice] = field(default_factory=list)
    extended_after: dict[str, float] = field(default_factory=dict)
    cut_after: dict[str, float] = field(default_factory=dict)

    def notices(self) -> Iterator[Notice]:
        """Of the switch that runs and of the one before it."""
        yield from self.notices_before
        yield from self.switch.notices()

    def start(self, chapter: Chapter) -> Callable[[], Any]:
        """Place the calls of a chapter; what waits for the last of them."""
        self.chapters.append(chapter)
        return self.telephones.place(chapter.calls).wait

    async def until(self, event: str, call_id: str) -> str:
        """The session of a call, once the switch has noted this event of it."""
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            while True:
                for notice in self.notices():
                    if notice.event == event and notice.facts["call_id"] == call_id:
                        return notice.facts["session_id"]
                await asyncio.sleep(POLL_SECONDS)


async def tell_linked_story(way: Way, data_directory: Path, place: Path) -> LinkedStory:
    """Tell the story, a minute or so. The system keeps its data in ``data_directory``; traces are in ``place``."""
    sip, callee, link, *ports_left = free_ports(3 + TELEPHONES_MAX * PORTS_EACH)
    ports = Ports(sip=sip, callee=callee, link=link)
    async with _system(way.link(ports), data_directory) as running:
        opened = await open_funded(running, TOKEN, FUNDS)
        with contextlib.ExitStack() as stack:
            telephones = stack.enter_context(Telephones(place, sip, callee, ports_left, TALK_SECONDS * 1000))
            with way.switch(ports, running.charging_url, _folder(place, "first")) as switch:
                stage = _Stage(
                    running=running, opened=opened, telephones=telephones, switch=switch, way=way, ports=ports,
                    place=place,
                )  # fmt: skip
                await _act_of_many(stage)
                lasting = await _act_of_orders(stage)
                stage.notices_before = list(switch.notices())
            stage.switch = stack.enter_context(way.switch(ports, running.charging_url, _folder(place, "second")))
            await _act_of_the_forgetful_switch(stage, lasting)
            complaints = [each for each in telephones.complaints() if "lasting" not in each]
            return LinkedStory(
                calls=tuple(calls_of(stage.chapters, list(stage.notices()), telephones)),
                ledger=await read_ledger(running, TOKEN, opened),
                extended_after=stage.extended_after,
                cut_after=stage.cut_after,
                flags=await _flags(running),
                complaints=tuple(complaints),
            )


async def _act_of_many(stage: _Stage) -> None:
    """650 calls at fifty a second, all kinds at once."""
    pairs = [(RICH[number % len(RICH)], ANSWERS) for number in range(500)]
    by_callee = [(RICH[number % len(RICH)], HANGS_UP) for number in range(50)]
    ended = [
        stage.start(talking("many", pairs, TALK_SECONDS, calls_per_second=CALLS_PER_SECOND)),
        stage.start(waiting("cut", [(caller, ANSWERS) for caller in SHORT], Outcome.CUT)),
        stage.start(waiting("by-callee", by_callee, Outcome.CALLEE_HUNG_UP)),
        stage.start(waiting("no-funds", [(EMPTY, ANSWERS)] * 50, Outcome.REFUSED, 402)),
    ]
    for wait in ended:
        await asyncio.to_thread(wait)


async def _act_of_orders(stage: _Stage) -> Chapter:
    """Funds arrive in mid-call, an operator cuts, charging is killed under calls that go on. Gives those that last."""
    lasting = waiting("lasting", [(RICH[0], ANSWERS)] * 5, Outcome.LOST)
    ordered = waiting("ordered", [(RICH[1], ANSWERS)] * 3, Outcome.CUT)
    topped_up = talking("topped-up", [(caller, ANSWERS) for caller in TOPPED_UP], LONG_SECONDS)
    outlasting = talking("outlasting", [(caller, ANSWERS) for caller in RICH] * 4, LONG_SECONDS, calls_per_second=20)
    stage.start(lasting)
    ended = [stage.start(chapter) for chapter in (ordered, topped_up, outlasting)]
    for chapter in (ordered, topped_up, outlasting):
        for number in range(1, len(chapter.calls.pairs) + 1):
            await stage.until("started", chapter.calls.call_id(number))
    await _top_up(stage, topped_up)
    await _cut(stage, ordered)
    await _kill_charging()
    for wait in ended:
        await asyncio.to_thread(wait)
    assert await asyncio.to_thread(stage.switch.wait_until_told, WAIT_SECONDS_MAX), (
        "charging has not taken every report"
    )
    return lasting


async def _top_up(stage: _Stage, chapter: Chapter) -> None:
    async with administration(stage.running, TOKEN) as api:
        for number, caller in enumerate(TOPPED_UP, start=1):
            grant = {"amount": "1", "expires_at": "2036-01-01T00:00:00Z", "reason": "for the story"}
            await api.post(f"/v1/organizations/{stage.opened[caller]}/promotions", grant, key="more-funds")
            given_at = time.monotonic()
            await stage.until("extended", chapter.calls.call_id(number))
            stage.extended_after[caller] = time.monotonic() - given_at


async def _cut(stage: _Stage, chapter: Chapter) -> None:
    async with administration(stage.running, TOKEN) as api:
        for number, (caller, _) in enumerate(chapter.calls.pairs, start=1):
            call_id = chapter.calls.call_id(number)
            order = {"session_id": await stage.until("started", call_id), "reason": "fraud"}
            await api.post(f"/v1/organizations/{stage.opened[caller]}/call-cuts", order)
            ordered_at = time.monotonic()
            await stage.until("ended", call_id)
            stage.cut_after[call_id] = time.monotonic() - ordered_at


async def _kill_charging() -> None:
    """SIGKILL for what answers the switch and for what tells it things; both are there again soon."""
    killed = {role: _process(role) for role in ("charging", "kamailio")}
    for process in killed.values():
        assert process is not None
        process.kill()
    async with asyncio.timeout(WAIT_SECONDS_MAX):
        for role, process in killed.items():
            while _process(role) in {None, process}:  # noqa: ASYNC110 - the end of another process
                await asyncio.sleep(POLL_SECONDS)


async def _act_of_the_forgetful_switch(stage: _Stage, lasting: Chapter) -> None:
    """The switch has started anew and knows none of the calls that were up: charging ends them."""
    callers = {caller for caller, _ in lasting.calls.pairs}
    async with administration(stage.running, TOKEN) as api:

        async def something_is_held() -> bool:
            balances = [await api.get(f"/v1/organizations/{stage.opened[caller]}/balance") for caller in callers]
            return any(parse_micros(balance["held"]) for balance in balances)

        async with asyncio.timeout(WAIT_SECONDS_MAX):
            while await something_is_held():  # noqa: ASYNC110 - another process ends them and tells no event
                await asyncio.sleep(POLL_SECONDS)


@contextlib.asynccontextmanager
async def _system(link: KamailioLink, data_directory: Path) -> AsyncIterator[Running]:
    settings = Settings(
        database_url=None,
        data_directory=data_directory,
        operator_token=SecretStr(TOKEN),
        web_host=LOOPBACK,
        web_port=0,
        charging_host=LOOPBACK,
        charging_port=0,
        gateways={},
        simulator_port=0,
        kamailio=KamailioSettings(links={LINK_NAME: link}, reconcile_seconds=1),
    )
    with (data_directory / "system.log").open("w", encoding="utf-8") as log:
        async with running_system(settings, complaints=log.fileno()) as running:
            yield running


async def _flags(running: Running) -> tuple[tuple[str, str], ...]:
    async with administration(running, TOKEN) as api:
        found = await api.get("/v1/flags", limit="100")
    return tuple((flag["session_id"], flag["kind"]) for flag in found["items"])


def _folder(place: Path, name: str) -> Path:
    folder = place / name
    folder.mkdir()
    return folder


def _process(role: str) -> psutil.Process | None:
    """The system's process of that role, among this process's own children."""
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess):
            if child.cmdline()[-2:] == ["commcredits.main.child", role]:
                return child
    return None
