"""A charging process in miniature at the other end of the link: it connects, pings, and answers from a book.

Knows the words of the link. Refuses to know money: the books of the HTTP stand-in decide, so both switches are held to
the same.
"""

import contextlib
import json
import queue
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self

from commcredits.edges.switches.kamailio.framing import NetstringReader, frame
from tests.stories.sip.charging_stand_in import STATUSES, Books, Refusal
from tests.stories.sip.evapi_switch import EvapiSettings
from tests.stories.sip.ports import LOOPBACK

PING_SECONDS: Final = 0.5
CONNECT_SECONDS_MAX: Final = 10
CHUNK_BYTES: Final = 65_536


@dataclass(slots=True)
class EvapiStandIn:
    """One link to the Kamailio on a loopback port; a context manager, which returns once it is let in.

    ``pings``, ``takes_reports`` and ``answers_updates`` are false for charging that hangs; ``active``: it is asked, and
    not another link.
    """

    books: Books
    port: int
    secret: str
    pings: bool = True
    takes_reports: bool = True
    answers_updates: bool = True
    active: bool = False
    heard: list[Mapping[str, Any]] = field(default_factory=list)
    _socket: socket.socket | None = None
    _questions: "queue.Queue[Mapping[str, Any] | None]" = field(default_factory=queue.Queue)
    _let_in: threading.Event = field(default_factory=threading.Event)
    _closing: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _sending: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Self:
        self._socket = self._connect()
        self.tell(do="hello", secret=self.secret)
        for work in (self._read, self._answer_questions, self._ping):
            thread = threading.Thread(target=work, daemon=True)
            thread.start()
            self._threads.append(thread)
        assert self._let_in.wait(CONNECT_SECONDS_MAX), "Kamailio did not let us in"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.hang_up()
        assert self._socket is not None
        for thread in self._threads:
            thread.join()
        self._socket.close()

    def hang_up(self) -> None:
        """Close the connection, as a process that ends does."""
        if not self._closing.is_set():
            self._closing.set()
            self._questions.put(None)
            assert self._socket is not None
            self._socket.shutdown(socket.SHUT_RDWR)

    def tell(self, **message: object) -> None:
        """Tell Kamailio to do something."""
        self.send(frame(json.dumps(message).encode()))

    def send(self, raw: bytes) -> None:
        """Send bytes as they are."""
        assert self._socket is not None
        with self._sending:
            self._socket.sendall(raw)

    def wait_to_hear(self, seconds_max: float, **said: object) -> Mapping[str, Any] | None:
        """The first message with these fields, once it is there."""
        deadline = time.monotonic() + seconds_max
        while time.monotonic() < deadline:
            for message in tuple(self.heard):
                if all(message.get(name) == value for name, value in said.items()):
                    return message
            time.sleep(0.02)
        return None

    def _connect(self) -> socket.socket:
        deadline = time.monotonic() + CONNECT_SECONDS_MAX
        while True:
            try:
                return socket.create_connection((LOOPBACK, self.port))
            except ConnectionRefusedError:
                assert time.monotonic() < deadline
                time.sleep(0.1)

    def _ping(self) -> None:
        with contextlib.suppress(OSError):  # it has just been hung up
            self.tell(do="ping")
            while not self._closing.wait(PING_SECONDS):
                if self.pings:
                    self.tell(do="ping")

    def _read(self) -> None:
        reader = NetstringReader()
        while data := self._receive():
            for raw in reader.feed(data):
                message = json.loads(raw)
                if message["say"] == "pong":
                    self.active = message["active"] == 1
                    self._let_in.set()
                    continue
                self.heard.append(message)
                self._questions.put(message)

    def _receive(self) -> bytes:
        """What came; nothing once we have hung up, however the other side takes that."""
        assert self._socket is not None
        try:
            return self._socket.recv(CHUNK_BYTES)
        except ConnectionResetError:
            if self._closing.is_set():
                return b""
            raise

    def _answer_questions(self) -> None:
        with contextlib.suppress(OSError):  # Kamailio may be stopped while it is being answered
            while (message := self._questions.get()) is not None:
                self._answer(message)

    def _answer(self, message: Mapping[str, Any]) -> None:
        say = message["say"]
        if say == "authorise":
            self._answer_call(message)
        elif say == "update" and self.answers_updates:
            granted = self.books.answer("update", message)
            self.tell(do="extend", session_id=message["session_id"], granted_seconds=granted["granted_seconds"])
        elif say in {"start", "end"} and self.takes_reports:
            self._take_report(say, message)

    def _answer_call(self, message: Mapping[str, Any]) -> None:
        transaction = {"tindex": message["tindex"], "tlabel": message["tlabel"]}
        asked = {name: value for name, value in message.items() if name not in {"say", "tindex", "tlabel"}}
        try:
            granted = self.books.answer("authorise", asked)
        except Refusal as refusal:
            status = 402 if STATUSES[refusal.code] == 402 else 403
            self.tell(do="answer", **transaction, status=status, code=refusal.code)
            return
        shown = {name: granted[name] for name in ("session_id", "granted_seconds", "organization_id")}
        self.tell(do="answer", status=200, **transaction, **shown)

    def _take_report(self, say: str, message: Mapping[str, Any]) -> None:
        told = dict(message)
        if "authorise" in message:
            authorised = self.books.answer("authorise", message["authorise"])
            told = {**message, "organization_id": authorised["organization_id"], "session_id": authorised["session_id"]}
        with contextlib.suppress(Refusal):  # a definite no is taken too: the books of another link may hold the call
            self.books.answer(say, told)
        self.tell(do="told", report=message["report"])


@contextmanager
def stranger(settings: EvapiSettings, *messages: Mapping[str, object]) -> Iterator[socket.socket]:
    """A connection to that Kamailio that is nobody's in particular, after it has said these messages."""
    with socket.create_connection((LOOPBACK, settings.link_port)) as link:
        link.settimeout(0.5)
        for message in messages:
            link.sendall(frame(json.dumps(message).encode()))
        time.sleep(0.1)
        yield link
