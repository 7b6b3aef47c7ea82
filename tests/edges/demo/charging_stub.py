"""A small charging server for these tests: speaks the wire, keeps one balance per organization, prices by a deck."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from commcredits.core.money import divide_up, format_micros
from commcredits.edges.demo.sample_rates import SampleRate

TOKEN = "demo-token"


@dataclass(kw_only=True)
class StubAccount:
    organization_id: str
    currency: str
    numbers: frozenset[str]
    balance_micros: int
    trigger_micros: int | None = None
    recharge_micros: int = 0
    recharges: int = 0
    held_micros: int = 0
    lowest_available_micros: int = 0

    @property
    def available_micros(self) -> int:
        return self.balance_micros - self.held_micros

    def hold(self, amount_micros: int) -> None:
        self.held_micros += amount_micros
        self.lowest_available_micros = min(self.lowest_available_micros, self.available_micros)
        if self.trigger_micros is not None and self.available_micros < self.trigger_micros:
            self.recharges += 1
            self.balance_micros += self.recharge_micros


@dataclass(kw_only=True)
class StubSession:
    account: StubAccount
    rate: SampleRate
    granted_seconds: int = 0
    held_micros: int = 0
    charged_micros: int = 0
    request_number: int = 0
    started: bool = False
    ended: bool = False


@dataclass(kw_only=True)
class ChargingStub:
    accounts: list[StubAccount]
    rates: dict[str, dict[tuple[str, str], SampleRate]]
    busy_answers: int = 0
    pool_minutes: int = 0
    sessions: dict[str, StubSession] = field(default_factory=dict)
    received: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/v1/charging/{command}", self._answer, methods=["POST"])])

    async def _answer(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return _problem("unauthorised", 401)
        if self.busy_answers:
            self.busy_answers -= 1
            return _problem("busy", 503, {"Retry-After": "0"})
        name, body = request.path_params["command"], await request.json()
        self.received.append((name, body))
        if name == "authorise":
            return self._authorise(body)
        session = self.sessions.get(body["session_id"])
        if session is None or session.account.organization_id != body["organization_id"]:
            return _problem("unknown_session", 404)
        if session.ended:
            return _problem("session_ended", 409)
        return {"start": self._start, "update": self._update, "end": self._end}[name](session, body)

    def _authorise(self, body: dict[str, Any]) -> Response:
        own_number = body["callee"] if body["service"] in {"toll_free_in", "toll_in"} else body["caller"]
        account = next((each for each in self.accounts if own_number in each.numbers), None)
        if account is None:
            return _problem("unknown_number", 404)
        rate = longest_prefix(self.rates[account.currency], body["service"], body["callee"])
        if rate is None:
            return _problem("no_rate", 403)
        session = StubSession(account=account, rate=rate)
        if not self._extend(session, 0, body.get("slice_seconds", 300)):
            return _problem("insufficient_funds", 402)
        self.sessions[body["session_id"]] = session
        return _granted("granted", session, body)

    def _start(self, session: StubSession, body: dict[str, Any]) -> Response:
        session.started = True
        return _granted("started", session, body)

    def _update(self, session: StubSession, body: dict[str, Any]) -> Response:
        assert session.started
        assert body["request_number"] > session.request_number
        assert body["used_seconds"] <= session.granted_seconds
        session.request_number = body["request_number"]
        self._extend(session, body["used_seconds"], body.get("slice_seconds", 300))
        return _granted("granted", session, body)

    def _end(self, session: StubSession, body: dict[str, Any]) -> Response:
        assert body["used_seconds"] <= session.granted_seconds
        session.ended = True
        session.charged_micros = price_micros(session.rate, body["used_seconds"])
        session.account.held_micros -= session.held_micros
        session.account.balance_micros -= session.charged_micros
        session.account.hold(0)
        return _granted("ended", session, body, pool_minutes=self.pool_minutes)

    def _extend(self, session: StubSession, used_seconds: int, slice_seconds: int) -> bool:
        """Hold up to another slice, as many whole seconds of it as the balance affords."""
        for granted_seconds in range(used_seconds + slice_seconds, session.granted_seconds, -1):
            more_micros = price_micros(session.rate, granted_seconds) - session.held_micros
            if more_micros <= session.account.available_micros:
                session.account.hold(more_micros)
                session.held_micros += more_micros
                session.granted_seconds = granted_seconds
                return True
        return False


def price_micros(rate: SampleRate, seconds: int) -> int:
    if not seconds:
        return 0
    further = max(0, seconds - rate.first_increment_seconds)
    billed = (
        rate.first_increment_seconds + divide_up(further, rate.next_increment_seconds) * rate.next_increment_seconds
    )
    return rate.connection_fee_micros + divide_up(rate.price_per_minute_micros * billed, 60)


def rates_by_prefix(rates: Iterable[SampleRate]) -> dict[tuple[str, str], SampleRate]:
    return {(rate.service.value, rate.prefix): rate for rate in rates}


def longest_prefix(rates: dict[tuple[str, str], SampleRate], service: str, number: str) -> SampleRate | None:
    digits = number.removeprefix("+")
    candidates = (rates.get((service, digits[:length])) for length in range(len(digits), 0, -1))
    return next((rate for rate in candidates if rate is not None), None)


@asynccontextmanager
async def served(stub: ChargingStub) -> AsyncIterator[str]:
    """The stub on a free loopback port; yields its base URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:  # queues callers until the server is up
        server = uvicorn.Server(uvicorn.Config(stub.app(), log_level="error", ws="none"))
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task


def _granted(outcome: str, session: StubSession, body: dict[str, Any], **more: int) -> Response:
    return JSONResponse(
        {
            "outcome": outcome,
            "organization_id": session.account.organization_id,
            "session_id": body["session_id"],
            "grant_number": session.request_number + 1,
            "granted_seconds": session.granted_seconds,
            "valid_seconds": session.granted_seconds + 30,
            "final": False,
            "charged": format_micros(session.charged_micros),
            "held": format_micros(session.held_micros),
            "currency": session.account.currency,
            **more,
        }
    )


def _problem(code: str, status: int, headers: dict[str, str] | None = None) -> Response:
    body = {"type": f"urn:commcredits:refusal:{code}", "title": code, "status": status, "code": code}
    return JSONResponse(body, status_code=status, headers=headers, media_type="application/problem+json")
