"""Live parts by events, over the product's web server: told at once, ended with the visit and the process."""

from __future__ import annotations

import asyncio
import re
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from commcredits.edges.http.administration.serving import BoundedProtocol
from commcredits.edges.portal.adapter import ServicesForPortal
from commcredits.edges.portal.app import portal_app
from commcredits.edges.portal.home import streams
from commcredits.edges.portal.home.watching import Watcher
from commcredits.edges.portal.settings import PortalSettings
from tests.edges.portal.visitor import TOKEN, forms_of
from tests.operations.office import Office, open_office

WITHIN_SECONDS = 2.0
TRIES = 3
"""A busy machine may spoil one of them."""
GIVE_UP_SECONDS = 30.0


@dataclass(kw_only=True)
class House:
    """The portal under its own server; ``stopping`` is what the web process sets when it ends."""

    office: Office
    address: str
    stopping: asyncio.Event
    server: uvicorn.Server
    serving: asyncio.Task[None]


@asynccontextmanager
async def open_house(database_url: str) -> AsyncIterator[House]:
    """A house with an office behind it."""
    async with open_office(database_url) as office:
        stopping = asyncio.Event()
        portal = portal_app(
            lambda page: ServicesForPortal(page.services),
            PortalSettings(operator_token=TOKEN),
            now=office.clock,
            services=office.services,
            stopping=stopping,
        )
        application = Starlette(routes=[Mount("/portal", portal)])
        config = uvicorn.Config(
            application, http=BoundedProtocol, ws="none", log_config=None, lifespan="off", timeout_graceful_shutdown=50
        )
        server = uvicorn.Server(config)
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        serving = asyncio.create_task(server._serve(sockets=[listener]))  # noqa: SLF001 - serve() would take the signals of the tests' own process
        while not server.started:  # noqa: ASYNC110 - the server tells nobody when it has started
            await asyncio.sleep(0.01)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/portal"
        try:
            yield House(office=office, address=address, stopping=stopping, server=server, serving=serving)
        finally:
            stopping.set()
            server.should_exit = True
            await serving
            listener.close()


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[House]:
    async with open_house(database_url) as opened:
        yield opened


@asynccontextmanager
async def visit(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who is signed in."""
    limits = httpx.Limits(max_connections=600)
    async with httpx.AsyncClient(timeout=GIVE_UP_SECONDS, limits=limits) as browser:
        html = (await browser.get(f"{house.address}/sign-in")).text
        form = next(each for each in forms_of(html) if each.action == "/portal/sign-in")
        answer = await browser.post(
            f"{house.address}/sign-in", data={**form.fields, "operator_token": TOKEN}, follow_redirects=False
        )
        assert answer.status_code == 303
        yield browser


def live(house: House, organization_id: str, after: str = "") -> str:
    query = f"?after={after}" if after else ""
    return f"{house.address}/organizations/{organization_id}/live{query}"


async def mark_of(house: House, browser: httpx.AsyncClient, organization_id: str) -> str:
    """What the home shows that it knows."""
    html = (await browser.get(f"{house.address}/organizations/{organization_id}")).text
    found = re.search(r'data-live-mark="(\d+)"', html)
    assert found is not None
    return found.group(1)


async def first_event(answer: httpx.Response, name: str) -> dict[str, str]:
    """The fields of the first event of this name; fails when the stream ends before it."""
    return await next_event(answer.aiter_lines(), name)


async def next_event(lines: AsyncIterator[str], name: str) -> dict[str, str]:
    """The fields of the next event of this name; fails when the stream ends before it."""
    fields: dict[str, str] = {}
    async for line in lines:
        if not line:
            if fields.get("event") == name:
                return fields
            fields = {}
        else:
            key, _, value = line.partition(":")
            fields[key] = value.strip()
    raise AssertionError(f"the stream ended without {name}")


async def test_a_call_is_told_within_two_seconds_and_what_is_shown_already_is_not(house: House) -> None:
    organization_id = await house.office.calling_organization()
    async with visit(house) as browser:
        known = await mark_of(house, browser, organization_id)
        async with browser.stream("GET", live(house, organization_id, known)) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            assert answer.headers["cache-control"] == "no-store"
            assert "connect-src 'self'" in answer.headers["content-security-policy"]
            lines = answer.aiter_lines()
            telling = asyncio.create_task(next_event(lines, "moved"))
            await asyncio.sleep(1.5)
            assert not telling.done(), "nothing has moved"
            waits, told = [GIVE_UP_SECONDS], {"id": known}
            while min(waits) >= WITHIN_SECONDS:
                assert len(waits) <= TRIES, f"told after {waits[1:]} seconds"
                began = time.monotonic()
                await house.office.authorise(organization_id, f"now-{len(waits)}")
                told = await telling
                waits.append(time.monotonic() - began)
                telling = asyncio.create_task(next_event(lines, "moved"))
            telling.cancel()
            await asyncio.wait([telling])
        assert int(told["id"]) > int(known)


async def test_a_browser_that_comes_back_says_what_it_knows_and_hears_what_it_missed(house: House) -> None:
    organization_id = await house.office.calling_organization()
    async with visit(house) as browser:
        known = await mark_of(house, browser, organization_id)
        await house.office.authorise(organization_id, "meanwhile")
        headers = {"Last-Event-ID": known}
        async with browser.stream("GET", live(house, organization_id, "99"), headers=headers) as answer:
            told = await asyncio.wait_for(first_event(answer, "moved"), GIVE_UP_SECONDS)
        assert int(told["id"]) > int(known)


@pytest.mark.parametrize("nonsense", ["x" * 400, "1;drop", "-1", "٣"])
async def test_nonsense_for_a_mark_is_as_none(house: House, nonsense: str) -> None:
    organization_id = await house.office.calling_organization()
    async with visit(house) as browser, browser.stream("GET", live(house, organization_id, nonsense)) as answer:
        assert answer.status_code == 200
        assert await asyncio.wait_for(first_event(answer, "moved"), GIVE_UP_SECONDS)


async def test_a_stream_ends_when_its_visit_signs_out(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "CHECK_SECONDS", 0.2)
    organization_id = await house.office.calling_organization()
    async with visit(house) as browser:
        html = (await browser.get(f"{house.address}/organizations/{organization_id}")).text
        form = next(each for each in forms_of(html) if each.action == "/portal/sign-out")
        async with browser.stream("GET", live(house, organization_id)) as answer:
            telling = asyncio.create_task(first_event(answer, "over"))
            await browser.post(f"{house.address}/sign-out", data=form.fields)
            await asyncio.wait_for(telling, GIVE_UP_SECONDS)


async def test_a_visit_has_four_streams_and_whoever_asks_for_more_is_told_not_to_come_again(house: House) -> None:
    organization_id = await house.office.calling_organization()
    async with visit(house) as browser, asyncio.TaskGroup() as group:
        release = asyncio.Event()
        opened: list[int] = []

        async def hold() -> None:
            async with browser.stream("GET", live(house, organization_id)) as answer:
                opened.append(answer.status_code)
                await release.wait()

        for _ in range(streams.STREAMS_OF_VISIT_MAX):
            group.create_task(hold())
        while len(opened) < streams.STREAMS_OF_VISIT_MAX:  # noqa: ASYNC110 - the last one to open is any of them
            await asyncio.sleep(0.01)
        assert set(opened) == {200}
        assert (await browser.get(live(house, organization_id))).status_code == 204
        release.set()


async def test_nobody_hears_of_an_organization_that_is_not_there_or_without_a_visit(house: House) -> None:
    async with visit(house) as browser:
        assert (await browser.get(live(house, "018f3c5e-8a70-7000-8000-000000000001"))).status_code == 404
    async with httpx.AsyncClient() as stranger:
        organization_id = await house.office.calling_organization()
        assert (await stranger.get(live(house, organization_id))).status_code == 303


async def test_the_process_stops_at_once_with_streams_open(house: House) -> None:
    organization_id = await house.office.calling_organization()
    began = 0.0
    async with visit(house) as browser, browser.stream("GET", live(house, organization_id)) as answer:
        async for line in answer.aiter_lines():
            if line == "event: moved":
                began = time.monotonic()
                house.stopping.set()
                house.server.should_exit = True
        await house.serving
    assert began
    assert time.monotonic() - began < 20, "nobody waited for the fifty seconds that streams have here"


async def test_one_look_a_second_serves_everybody_who_watches_and_none_is_made_for_nobody() -> None:
    looks: list[tuple[str, ...]] = []

    async def marks(organization_ids: tuple[str, ...]) -> dict[str, str]:
        looks.append(organization_ids)
        return dict.fromkeys(organization_ids, str(len(looks)))

    watcher = Watcher(marks, look_seconds=0.05)
    with watcher.watching("a"), watcher.watching("a"), watcher.watching("b"):
        told = await asyncio.gather(*(watcher.moved_from("a", "", 30) for _ in range(50)))
        assert set(told) == {"1"}
        assert await watcher.moved_from("a", "1", 30) == "2"
    seen = len(looks)
    await asyncio.sleep(0.2)
    assert len(looks) == seen
    assert set(looks) <= {("a",), ("a", "b")}


async def test_a_look_that_fails_is_made_again() -> None:
    tries = 0

    async def marks(organization_ids: tuple[str, ...]) -> dict[str, str]:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise OSError("the database is away")
        return dict.fromkeys(organization_ids, "7")

    watcher = Watcher(marks, look_seconds=0.01)
    with watcher.watching("a"):
        assert await watcher.moved_from("a", "", 30) == "7"


@pytest.mark.slow
async def test_two_hundred_idle_streams_cost_little(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "STREAMS_OF_VISIT_MAX", 300)
    organization_id = await house.office.calling_organization()
    async with visit(house) as browser:
        known = await mark_of(house, browser, organization_id)
        release, opened = asyncio.Event(), 0

        async def hold() -> None:
            nonlocal opened
            async with browser.stream("GET", live(house, organization_id, known)):
                opened += 1
                await release.wait()

        holding = [asyncio.create_task(hold()) for _ in range(200)]
        while opened < 200:  # noqa: ASYNC110 - the last one to open is any of them
            await asyncio.sleep(0.05)
        before = time.process_time()
        await asyncio.sleep(10)
        used = time.process_time() - before
        release.set()
        await asyncio.gather(*holding)
        assert used < 1.5, f"{used} s of processor in 10 s"
