"""Kamailio with this repository's configuration, on this machine, for as long as a story lasts.

Knows how it is configured, started, asked and stopped, and the notices it writes. Refuses to know what they should say.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from types import TracebackType
from typing import IO, ClassVar, Final, Self

from commcredits.core.numbers import EMERGENCY_NUMBERS
from tests.stories.sip.ports import LOOPBACK, assert_free

DEPLOYED: Final = Path(__file__).resolve().parents[3] / "deploy" / "kamailio"
TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/=-]{1,180}")
NOTICE: Final = re.compile(r"charging: (?P<event>\w+) (?P<facts>\w+=.*)")
TROUBLE: Final = re.compile(r"\b(?:WARNING|ERROR|CRITICAL|ALERT|BUG)\b:")
CONTROLLED: Final = re.compile(r"listen=tcp|#!define (?:CONTROL_(?:PORT|AUTHORIZATION)|SWITCH_NAME)")
START_SECONDS_MAX: Final = 30
STOP_SECONDS_MAX: Final = 10
TOLD_SECONDS_MAX: Final = 30
QUIET_LOOKS: Final = 3  # the reporter wakes ten times a second; a report under way is in no queue for a moment
QUEUES: Final = ("reports", "renewals")


def program(name: str) -> str | None:
    """Where a program is; Debian keeps Kamailio where an ordinary user's PATH does not look."""
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))


class SwitchFailedError(Exception):
    """Kamailio did not start, or did not answer; the message carries its log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchSettings:
    """The names of commcredits-local.cfg.template, on loopback; control port 0: no control endpoint, no name."""

    CONFIGURATION: ClassVar[str] = "kamailio.cfg"
    LOCAL: ClassVar[str] = "commcredits-local.cfg"

    sip_port: int
    next_hop_port: int
    charging_url: str
    token: str
    slice_seconds: int = 0
    renewal_lead_seconds: int = 15
    renewal_retry_seconds: int = 5
    trunk_organizations: str = ""
    allowed_sources: str = "127.0.0.0/8"
    trusted_sources: str = ""
    international_prefix: str = "00"
    national_prefix: str = "0"
    country_code: str = "40"
    async_workers: int = 8
    switch_name: str = "proxy"
    control_port: int = 0
    control_secret: str = "secret-of-the-control-endpoint"

    @property
    def control_url(self) -> str:
        """Where the switch is told to extend or to cut a call."""
        return f"http://{LOOPBACK}:{self.control_port}"

    def local_configuration(self, control_socket: Path) -> str:
        """The text of commcredits-local.cfg. Raises ValueError for a token that cannot be sent."""
        if TOKEN.fullmatch(self.token) is None:
            raise ValueError("the token has a character that a bearer token cannot have, or more than 180 of them")
        next_hop = f"{LOOPBACK}:{self.next_hop_port}"
        text = Template((DEPLOYED / "commcredits-local.cfg.template").read_text("utf-8")).substitute(
            name="${name}",
            listen_address=f"{LOOPBACK}:{self.sip_port}",
            control_socket=control_socket,
            charging_url=self.charging_url,
            token=self.token,
            next_hop=next_hop,
            emergency_next_hop=next_hop,
            allowed_sources=self.allowed_sources,
            trunk_organizations=self.trunk_organizations,
            trusted_sources=self.trusted_sources,
            emergency_numbers="|".join(sorted(EMERGENCY_NUMBERS)),
            international_prefix=self.international_prefix,
            national_prefix=self.national_prefix,
            country_code=self.country_code,
            slice_seconds=self.slice_seconds,
            renewal_lead_seconds=self.renewal_lead_seconds,
            renewal_retry_seconds=self.renewal_retry_seconds,
            async_workers=self.async_workers,
            switch_name=self.switch_name,
            control_host=LOOPBACK,
            control_port=self.control_port,
            control_secret=self.control_secret,
        )
        if self.control_port:
            return text
        return "".join(line for line in text.splitlines(keepends=True) if CONTROLLED.match(line) is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One decision that the switch wrote down, such as ``granted``, ``refused``, ``extended`` or ``ended``."""

    event: str
    facts: dict[str, str]


@dataclass(slots=True)
class Switch:
    """One Kamailio in ``directory``, which it fills; a context manager."""

    settings: SwitchSettings
    directory: Path
    _process: subprocess.Popen[bytes] | None = None
    _log: IO[bytes] | None = field(default=None, repr=False)

    def __enter__(self) -> Self:
        assert_free(self.settings.sip_port)
        shutil.copy(DEPLOYED / self.settings.CONFIGURATION, self.directory)
        local = self.directory / self.settings.LOCAL
        local.touch(mode=0o600)
        local.write_text(self.settings.local_configuration(self._control_socket), "utf-8")
        self._log = self._log_path.open("wb")
        configuration = str(self.directory / self.settings.CONFIGURATION)
        work = str(self.directory)
        # -DD keeps the main process in the foreground; -D alone would run everything in one process.
        command = [
            program("kamailio") or "kamailio",
            "-DD",
            "-E",
            "-f",
            configuration,
            "-w",
            work,
            "-Y",
            work,
            "-m",
            "64",
            "-M",
            "8",
        ]
        self._process = subprocess.Popen(command, cwd=work, stdout=self._log, stderr=self._log)
        try:
            self._wait_until_it_answers()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    @property
    def process_id(self) -> int:
        """Of its main process, while it runs; the others are children of that one."""
        assert self._process is not None
        return self._process.pid

    def notices(self) -> Iterator[Notice]:
        """What it has decided so far, in order."""
        for line in self._log_path.read_text("utf-8", "replace").splitlines():
            match = NOTICE.search(line)
            if match is not None:
                pairs = (pair.partition("=") for pair in match["facts"].split())
                yield Notice(event=match["event"], facts={name: value for name, _, value in pairs})

    def troubles(self) -> list[str]:
        """Lines of its log that speak of a warning or worse."""
        return [line for line in self._log_path.read_text("utf-8", "replace").splitlines() if TROUBLE.search(line)]

    def waiting(self) -> int:
        """How many reports and renewals wait to be told."""
        return sum(self._queue_length(queue) for queue in QUEUES)

    def wait_until_told(self, seconds_max: float = TOLD_SECONDS_MAX) -> bool:
        """Whether everything was told to charging in time."""
        quiet = 0
        deadline = time.monotonic() + seconds_max
        while time.monotonic() < deadline:
            quiet = quiet + 1 if self.waiting() == 0 else 0
            if quiet == QUIET_LOOKS:
                return True
            time.sleep(0.15)
        return False

    @property
    def _log_path(self) -> Path:
        return self.directory / "kamailio.log"

    @property
    def _control_socket(self) -> Path:
        return self.directory / "control"

    def _queue_length(self, queue: str) -> int:
        command = [program("kamcmd") or "kamcmd", "-s", f"unix:{self._control_socket}", "mqueue.get_size", queue]
        answer = subprocess.run(command, check=True, capture_output=True, text=True, timeout=5)
        size = re.search(r"size: (\d+)", answer.stdout)
        if size is None:
            raise SwitchFailedError(f"kamcmd answered {answer.stdout!r}")
        return int(size[1])

    def _wait_until_it_answers(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + START_SECONDS_MAX
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
            phone.bind((LOOPBACK, 0))
            phone.settimeout(0.1)
            while time.monotonic() < deadline and self._process.poll() is None:
                phone.sendto(
                    _options(phone.getsockname()[1], self.settings.sip_port), (LOOPBACK, self.settings.sip_port)
                )
                try:
                    if phone.recv(65535).startswith(b"SIP/2.0 200"):
                        return
                except (TimeoutError, ConnectionError):
                    time.sleep(0.05)
        raise SwitchFailedError(f"Kamailio did not come up:\n{self._log_path.read_text('utf-8', 'replace')}")

    def _stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._log is not None:
            self._log.close()


def _options(from_port: int, to_port: int) -> bytes:
    branch = f"z9hG4bK{time.monotonic_ns()}"
    lines = [
        f"OPTIONS sip:{LOOPBACK}:{to_port} SIP/2.0",
        f"Via: SIP/2.0/UDP {LOOPBACK}:{from_port};branch={branch}",
        f"From: <sip:probe@{LOOPBACK}>;tag=probe",
        f"To: <sip:{LOOPBACK}:{to_port}>",
        f"Call-ID: {branch}",
        "CSeq: 1 OPTIONS",
        "Max-Forwards: 5",
        "Content-Length: 0",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
