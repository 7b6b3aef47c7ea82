"""Kamailio with its module ims_charging and this repository's configuration, for as long as a story lasts.

Knows how it is configured, started and stopped. Refuses to know what it should say to whom.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from types import TracebackType
from typing import IO, Final, Self

from commcredits.core.numbers import EMERGENCY_NUMBERS
from tests.stories.sip.ports import LOOPBACK, assert_free
from tests.stories.sip.switch import SwitchFailedError, program

DEPLOYED: Final = Path(__file__).resolve().parents[3] / "deploy" / "diameter"
START_SECONDS_MAX: Final = 15
STOP_SECONDS_MAX: Final = 10

ORIGIN_HOST: Final = "proxy.example"
REALM: Final = "example"
CHARGING_HOST: Final = "localhost"
"""Kamailio finds its peer by this name, and every machine of a test has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoSettings:
    """The names of the templates in deploy/diameter, for a proxy on loopback."""

    sip_port: int
    next_hop_port: int
    charging_port: int
    acceptor_port: int
    units_seconds: int = 4
    renewal_lead_seconds: int = 1

    def write(self, directory: Path) -> Path:
        """Write the configuration; its main file."""
        diameter = directory / "cdp.xml"
        next_hop = f"{LOOPBACK}:{self.next_hop_port}"
        values = {
            "name": "${name}",
            "listen_address": f"{LOOPBACK}:{self.sip_port}",
            "diameter_file": diameter,
            "origin_host": ORIGIN_HOST,
            "realm": REALM,
            "charging_host": CHARGING_HOST,
            "charging_realm": REALM,
            "charging_port": self.charging_port,
            "acceptor_port": self.acceptor_port,
            "next_hop": next_hop,
            "emergency_next_hop": next_hop,
            "allowed_sources": "127.0.0.0/8",
            "emergency_numbers": "|".join(sorted(EMERGENCY_NUMBERS)),
            "international_prefix": "00",
            "national_prefix": "0",
            "country_code": "40",
            "units_seconds": self.units_seconds,
            "renewal_lead_seconds": self.renewal_lead_seconds,
        }
        for name in ("commcredits-ro-local.cfg", "cdp.xml"):
            text = Template((DEPLOYED / f"{name}.template").read_text("utf-8")).substitute(values)
            (directory / name).write_text(text, "utf-8")
        main = directory / "kamailio-ro.cfg"
        main.write_text((DEPLOYED / "kamailio-ro.cfg").read_text("utf-8"), "utf-8")
        return main


@dataclass(slots=True)
class RoSwitch:
    """One Kamailio in ``directory``; a context manager. It has come up once it answers SIP."""

    settings: RoSettings
    directory: Path
    _process: subprocess.Popen[bytes] | None = None
    _log: IO[bytes] | None = field(default=None, repr=False)

    def __enter__(self) -> Self:
        assert_free(self.settings.sip_port)
        self._log = self._log_path.open("wb")
        work = str(self.directory)
        # -DD keeps the main process in the foreground; -D alone would run everything in one process.
        command = [program("kamailio") or "kamailio", "-DD", "-E", "-f", str(self.settings.write(self.directory))]
        command += ["-w", work, "-Y", work, "-m", "128", "-M", "8"]
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

    def log(self) -> str:
        """Everything that it wrote."""
        return self._log_path.read_text("utf-8", "replace")

    @property
    def _log_path(self) -> Path:
        return self.directory / "kamailio.log"

    def _wait_until_it_answers(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + START_SECONDS_MAX
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
            phone.bind((LOOPBACK, 0))
            phone.settimeout(0.1)
            while time.monotonic() < deadline and self._process.poll() is None:
                port = self.settings.sip_port
                phone.sendto(_options(phone.getsockname()[1], port), (LOOPBACK, port))
                try:
                    if phone.recv(65535).startswith(b"SIP/2.0 200"):
                        return
                except (TimeoutError, ConnectionError):
                    time.sleep(0.05)
        raise SwitchFailedError(f"Kamailio did not come up:\n{self.log()}")

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
