"""Telephones: sipp processes that call, are called, and write down every message with its time.

Knows sipp and SIP messages. Refuses to know charging: what it tells is what a caller and a callee can see.
"""

import re
import subprocess
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.stories.sip.ports import LOOPBACK, assert_free

SCENARIOS: Final = Path(__file__).resolve().parent / "scenarios"
SETTLE_SECONDS: Final = 0.3
PORTS_EACH: Final = 3
RECORD: Final = re.compile(
    r"^-{20,} (?P<date>[\d-]+)\s+(?P<time>[\d:.]+)\n\w+ message (?P<direction>sent|received)[^\n]*:\n\n(?P<message>.*?)"
    r"(?=^-{20,} |\Z)",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One SIP message as a telephone saw it."""

    at: datetime
    sent: bool
    start_line: str
    headers: dict[str, str]

    @property
    def status_code(self) -> int | None:
        """Of a reply; None for a request."""
        return int(self.start_line.split()[1]) if self.start_line.startswith("SIP/2.0 ") else None

    @property
    def method(self) -> str:
        """Of the request, or of the request that this reply answers."""
        return self.headers["cseq"].split()[1]

    def is_request(self, method: str) -> bool:
        """Whether it asks for this."""
        return self.status_code is None and self.method == method

    def is_final_answer(self, method: str) -> bool:
        """Whether it is the last answer to such a request."""
        return self.method == method and self.status_code is not None and self.status_code >= 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """All that one telephone saw of one call, in order."""

    call_id: str
    messages: tuple[Message, ...]

    def first(self, method: str, *, answer: bool = False) -> Message | None:
        """The first such request, or the first final answer to one."""
        for message in self.messages:
            if message.is_final_answer(method) if answer else message.is_request(method):
                return message
        return None

    @property
    def talk_seconds(self) -> float:
        """From the 200 OK to the first BYE, by this telephone's clock; 0 where nobody answered."""
        answer, bye = self.first("INVITE", answer=True), self.first("BYE")
        if answer is None or answer.status_code != 200 or bye is None:
            return 0.0
        return (bye.at - answer.at).total_seconds()


def read_legs(trace: Path) -> Iterator[Leg]:
    """The calls of one sipp process, in the order of their first messages."""
    calls: dict[str, list[Message]] = {}
    for record in RECORD.finditer(trace.read_text("utf-8", "replace") if trace.exists() else ""):
        start_line, *rest = record["message"].strip().splitlines()
        pairs = (line.partition(":") for line in rest if re.match(r"[A-Za-z-]+:", line))
        headers: dict[str, str] = {}
        for name, _, value in pairs:
            headers.setdefault(name.lower(), value.strip())
        message = Message(
            at=datetime.fromisoformat(f"{record['date']}T{record['time']}"),
            sent=record["direction"] == "sent",
            start_line=start_line,
            headers=headers,
        )
        calls.setdefault(headers["call-id"], []).append(message)
    for call_id, messages in calls.items():
        yield Leg(call_id=call_id, messages=tuple(messages))


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """What one group of callers does: each (caller, callee) pair is one call."""

    name: str
    scenario: str
    pairs: Sequence[tuple[str, str]]
    calls_per_second: int = 10
    pause_milliseconds: int = 0

    def call_id(self, number: int) -> str:
        """The Call-ID of the group's first, second … call."""
        return f"{self.name}-{number}@{LOOPBACK}"


@dataclass(slots=True)
class Telephones:
    """One telephone that is called, and groups that call through ``proxy_port``; a context manager.

    Each takes PORTS_EACH of the free ``ports``.
    """

    directory: Path
    proxy_port: int
    callee_port: int
    ports: list[int]
    callee_pause_milliseconds: int
    calls_seconds_max: int = 45
    _processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        assert_free(self.callee_port)
        self._start("callee", "callee", self.callee_port, ["-d", str(self.callee_pause_milliseconds)])
        time.sleep(SETTLE_SECONDS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes.values():
            if process.poll() is None:
                process.kill()
            process.wait()

    def place(self, calls: Calls) -> subprocess.Popen[bytes]:
        """Start the group's calls; the process ends with the last of them."""
        injected = self.directory / f"{calls.name}.csv"
        injected.write_text("SEQUENTIAL\n" + "".join(f"{caller};{callee}\n" for caller, callee in calls.pairs), "utf-8")
        arguments = [
            *(f"{LOOPBACK}:{self.proxy_port}", "-inf", str(injected), "-m", str(len(calls.pairs))),
            *("-r", str(calls.calls_per_second), "-d", str(calls.pause_milliseconds)),
            *("-l", str(len(calls.pairs))),  # else sipp holds calls back while many are up
            *("-cid_str", f"{calls.name}-%u@{LOOPBACK}"),
            *("-timeout", str(self.calls_seconds_max), "-timeout_error"),
        ]
        return self._start(calls.name, calls.scenario, self.ports.pop(), arguments)

    def place_all(self, groups: Iterable[Calls]) -> None:
        """Start all groups, and wait until the last call has ended."""
        for process in [self.place(calls) for calls in groups]:
            process.wait()

    def legs(self, name: str) -> dict[str, Leg]:
        """What a group saw, or the ``callee``, by Call-ID."""
        return {leg.call_id: leg for leg in read_legs(self._trace(name))}

    def complaints(self) -> list[str]:
        """What each sipp process wrote on its standard error before it failed."""
        return [
            f"sipp {name} ended with {process.returncode}: {self._complaints(name).read_text('utf-8', 'replace')}"
            for name, process in self._processes.items()
            if process.poll()
        ]

    def _complaints(self, name: str) -> Path:
        return self.directory / f"{name}.complaints"

    def _trace(self, name: str) -> Path:
        return self.directory / f"{name}.messages"

    def _start(self, name: str, scenario: str, port: int, arguments: list[str]) -> subprocess.Popen[bytes]:
        media_port, control_port = self.ports.pop(), self.ports.pop()
        command = [
            *("sipp", "-sf", str(SCENARIOS / f"{scenario}.xml"), "-i", LOOPBACK, "-p", str(port)),
            *("-mp", str(media_port), "-cp", str(control_port), "-nostdin"),
            *("-trace_msg", "-message_file", str(self._trace(name))),
            *("-trace_err", "-error_file", str(self.directory / f"{name}.errors")),
            *arguments,
        ]
        with self._complaints(name).open("wb") as complaints:
            process = subprocess.Popen(
                command,
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=complaints,
            )
        self._processes[name] = process
        return process
