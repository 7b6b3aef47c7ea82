"""A charging process in miniature: the wire, one balance per organization, holds, grants and their end.

Knows prices per second and numbers. Refuses to know rate decks, lots and storage: it stands in for the real process
while the switch's configuration is tested alone.
"""

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Self

SLICE_SECONDS: Final = 300
VALID_MARGIN_SECONDS: Final = 30

STATUSES: Final[Mapping[str, int]] = {
    "insufficient_funds": 402,
    "unauthorised": 401,
    "unknown_number": 404,
    "unknown_session": 404,
    "unknown_user": 404,
    "user_required": 403,
    "credits_not_licensed": 403,
    "dial_out_not_allowed": 403,
    "premium_not_allowed": 403,
    "toll_free_not_allowed": 403,
    "cap_reached": 403,
    "too_many_calls": 403,
    "blocked": 403,
    "session_ended": 409,
    "invalid_input": 422,
}


class Refusal(Exception):  # noqa: N818 - the trade's word, and the wire's
    """A "no" of the wire, by its code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(slots=True, kw_only=True)
class Purse:
    """One organization's money in millionths."""

    organization_id: str
    balance_micros: int
    price_per_second_micros: int
    held_micros: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StandInSession:
    """What became of one call, as charging was told."""

    organization_id: str
    session_id: str
    service: str
    granted_seconds: int
    final: bool
    started: bool = False
    ended: bool = False
    used_seconds: int = 0
    cause: str = ""
    updates: int = 0


@dataclass(slots=True, kw_only=True)
class Books:
    """All the state of the stand-in, behind one lock; ``refuses_users`` holds codes of refusals by user.

    ``answers_after_seconds`` may be lowered while a question waits, which is then answered. ``asked`` names the session
    of every question at once; ``heard`` keeps the question when it is answered.
    """

    token: str
    numbers: dict[str, Purse]
    answers_after_seconds: float = 0
    refuses_users: Mapping[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    heard: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    sessions: dict[str, StandInSession] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, command: str, message: Mapping[str, Any]) -> dict[str, Any]:
        """The success object of one command. Raises Refusal."""
        asked_at = time.monotonic()
        self.asked.append(str(message["session_id"]))
        while time.monotonic() < asked_at + self.answers_after_seconds:
            time.sleep(0.01)
        with self.lock:
            self.heard.append((command, message))
            if command == "authorise":
                return self._authorise(message)
            session = self.sessions.get(str(message["session_id"]))
            if session is None or session.organization_id != message["organization_id"]:
                raise Refusal("unknown_session")
            if command == "start":
                return self._keep(replace(session, started=True), "started")
            if command == "update":
                return self._update(session, message)
            return self._end(session, message)

    def _purse(self, organization_id: str) -> Purse:
        return next(purse for purse in self.numbers.values() if purse.organization_id == organization_id)

    def _authorise(self, message: Mapping[str, Any]) -> dict[str, Any]:
        inbound = str(message.get("call_type", "")).endswith("_in")
        purse = self.numbers.get(str(message["callee" if inbound else "caller"]))
        if purse is None:
            raise Refusal("unknown_number")
        if message.get("user") in self.refuses_users:
            raise Refusal(self.refuses_users[message["user"]])
        session_id = str(message["session_id"])
        if session_id in self.sessions:
            return self._keep(self.sessions[session_id], "granted")
        service = str(message.get("service", "outbound"))
        wanted = int(message.get("slice_seconds", SLICE_SECONDS))
        granted = wanted
        if service != "emergency":
            affordable = (purse.balance_micros - purse.held_micros) // purse.price_per_second_micros
            granted = min(wanted, affordable)
            if granted < 1:
                raise Refusal("insufficient_funds")
            purse.held_micros += granted * purse.price_per_second_micros
        session = StandInSession(
            organization_id=purse.organization_id,
            session_id=session_id,
            service=service,
            granted_seconds=granted,
            final=granted < wanted,
        )
        return self._keep(session, "granted")

    def _update(self, session: StandInSession, message: Mapping[str, Any]) -> dict[str, Any]:
        if session.ended:
            raise Refusal("session_ended")
        purse = self._purse(session.organization_id)
        used = min(int(message["used_seconds"]), session.granted_seconds)
        wanted = max(used + int(message.get("slice_seconds", SLICE_SECONDS)), session.granted_seconds)
        affordable = (purse.balance_micros - purse.held_micros) // purse.price_per_second_micros
        granted = min(wanted, session.granted_seconds + affordable)
        purse.held_micros += (granted - session.granted_seconds) * purse.price_per_second_micros
        updates = session.updates + 1
        session = replace(session, granted_seconds=granted, final=granted < wanted, used_seconds=used, updates=updates)
        return self._keep(session, "granted")

    def _end(self, session: StandInSession, message: Mapping[str, Any]) -> dict[str, Any]:
        if not session.ended:
            purse = self._purse(session.organization_id)
            used = min(int(message["used_seconds"]), session.granted_seconds)
            if session.service != "emergency":
                purse.held_micros -= session.granted_seconds * purse.price_per_second_micros
                purse.balance_micros -= used * purse.price_per_second_micros
            session = replace(session, ended=True, used_seconds=used, cause=str(message.get("cause", "")))
        return {**self._keep(session, "ended"), "duration_seconds": session.used_seconds}

    def _keep(self, session: StandInSession, outcome: str) -> dict[str, Any]:
        self.sessions[session.session_id] = session
        return {
            "outcome": outcome,
            "organization_id": session.organization_id,
            "session_id": session.session_id,
            "grant_number": session.updates + 1,
            "granted_seconds": session.granted_seconds,
            "valid_seconds": session.granted_seconds + VALID_MARGIN_SECONDS,
            "final": session.final,
        }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "ChargingStandIn"

    def do_POST(self) -> None:
        try:
            self._send(200, self._answer(self.rfile.read(int(self.headers["Content-Length"]))))
        except Refusal as refusal:
            status = STATUSES[refusal.code]
            problem = {"type": f"urn:commcredits:refusal:{refusal.code}", "status": status, "code": refusal.code}
            self._send(status, problem)

    def _answer(self, body: bytes) -> dict[str, Any]:
        if self.headers["Authorization"] != f"Bearer {self.server.books.token}":
            raise Refusal("unauthorised")
        if self.headers["Content-Type"] != "application/json":
            raise Refusal("invalid_input")
        return self.server.books.answer(self.path.rsplit("/", 1)[-1], json.loads(body))

    def _send(self, status: int, answer: Mapping[str, Any]) -> None:
        payload = json.dumps(answer).encode()
        head = f"HTTP/1.1 {status} -\r\nContent-Type: application/json\r\nContent-Length: {len(payload)}\r\n\r\n"
        self.wfile.write(head.encode() + payload)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Say nothing: the story is told by the calls."""


class ChargingStandIn(ThreadingHTTPServer):
    """The stand-in's listener on a free loopback port; a context manager."""

    daemon_threads = True

    def __init__(self, books: Books) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.books = books
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def url(self) -> str:
        """The address of the charging wire."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()
