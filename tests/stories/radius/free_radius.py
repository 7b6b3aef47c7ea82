"""FreeRADIUS on this machine while a test lasts: with this repository's configuration, or as an access server.

Knows how it is configured, started and stopped, and what radclient says of its answers. Refuses to know what they
should be.
"""

import asyncio
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from types import TracebackType
from typing import IO, Final, Self

from commcredits.core.numbers import EMERGENCY_NUMBERS
from tests.stories.sip.ports import free_ports

DEPLOYED: Final = Path(__file__).resolve().parents[3] / "deploy" / "freeradius"
HOST: Final = "127.0.0.1"
SECRET: Final = "a-secret-of-the-tests"
START_SECONDS_MAX: Final = 20
STOP_SECONDS_MAX: Final = 10
PROGRAMS: Final = ("freeradius", "radclient")

_MAIN: Final = """\
prefix = /usr
logdir = {directory}
run_dir = {directory}
raddbdir = {directory}
confdir = {directory}
certdir = {directory}
libdir = /usr/lib/freeradius
max_requests = 16384
log {{
	destination = stdout
}}
security {{
	max_attributes = 200
	reject_delay = 0
	status_server = yes
}}
client tests {{
	ipaddr = 127.0.0.0/8
	secret = {secret}
	require_message_authenticator = {proven}
	limit {{
		max_connections = 0
	}}
}}
thread pool {{
	start_servers = 4
	max_servers = 8
	min_spare_servers = 2
	max_spare_servers = 8
	max_requests_per_server = 0
}}
{values}
modules {{
{always}
	expr {{
		safe_characters = "@abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_: /"
	}}
{modules}
}}
policy {{
{policies}
}}
{sites}
"""
_CHANGES: Final = """\
server changes {{
	listen {{
		type = coa
		ipaddr = 127.0.0.1
		port = {port}
		virtual_server = changes
	}}
	recv-coa {{
		linelog_changes
		{answer}
	}}
	send-coa {{
		ok
	}}
}}
"""
_LINES: Final = """\
linelog linelog_changes {{
	filename = {directory}/changes.log
	format = "%{{Packet-Type}} id=%{{Acct-Session-Id}} seconds=%{{Session-Timeout}} nas=%{{NAS-IP-Address}}"
}}
"""


def program(name: str) -> str | None:
    """Where a program is; Debian keeps the server where an ordinary user's PATH does not look."""
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))


def missing_programs() -> list[str]:
    """Which of the programs are not installed; FreeRADIUS' REST module is a package of its own."""
    missing = [name for name in PROGRAMS if program(name) is None]
    return missing if Path("/usr/lib/freeradius/rlm_rest.so").exists() else [*missing, "freeradius-rest"]


class FreeRadiusFailedError(Exception):
    """It did not start; the message carries what it said."""


@dataclass(slots=True)
class FreeRadius:
    """One FreeRADIUS in ``directory``, whose configuration is there already; a context manager."""

    directory: Path
    port: int
    _process: subprocess.Popen[bytes] | None = None
    _log: IO[bytes] | None = field(default=None, repr=False)

    def __enter__(self) -> Self:
        assert self._process is None, "it runs already"
        self._log = (self.directory / "said").open("wb")
        command = [program("freeradius") or "freeradius", "-f", "-l", "stdout", "-d", str(self.directory)]
        self._process = subprocess.Popen(command, cwd=self.directory, stdout=self._log, stderr=self._log)
        deadline = time.monotonic() + START_SECONDS_MAX
        while "Ready to process requests" not in self.said:
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._stop()
                raise FreeRadiusFailedError(self.said[-4_000:])
            time.sleep(0.05)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    @property
    def said(self) -> str:
        """What it has said so far."""
        return (self.directory / "said").read_text("utf-8", "replace")

    @property
    def changes(self) -> list[str]:
        """The changes of calls that it was asked for, as an access server."""
        return (self.directory / "changes.log").read_text("utf-8").splitlines()

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


def charging_server(directory: Path, *, charging_url: str, token: str, **changed: str) -> FreeRadius:
    """FreeRADIUS with the files of deploy/freeradius, asking these charging endpoints."""
    (port,) = free_ports(1)
    site = (DEPLOYED / "sites-available" / "commcredits").read_text("utf-8")
    # The site takes the ports of /etc/services; the tests' are others.
    site = site.replace("port = 0", f"port = {port}", 1).replace("port = 0", f"port = {port + 1}", 1)
    assert "port = 0" not in site
    _write(
        directory,
        values=local_values(charging_url=charging_url, token=token, **changed),
        modules=(DEPLOYED / "mods-available" / "commcredits").read_text("utf-8"),
        policies=(DEPLOYED / "policy.d" / "commcredits").read_text("utf-8"),
        sites=site.replace("ipaddr = *", f"ipaddr = {HOST}"),
    )
    return FreeRadius(directory, port)


def access_server(directory: Path, *, answer: str = "ok") -> FreeRadius:
    """FreeRADIUS as an access server that is asked for changes of calls: ``ok`` takes them, ``reject`` does not."""
    (port,) = free_ports(1)
    # Below /dev, where a directory in memory may be, it opens files for its lines, but makes none.
    (directory / "changes.log").touch()
    _write(
        directory,
        modules=_LINES.format(directory=directory),
        sites=_CHANGES.format(port=port, answer=answer),
        proven="yes",
    )
    return FreeRadius(directory, port)


def local_values(*, charging_url: str, token: str, **changed: str) -> str:
    """The text of commcredits.conf."""
    values = {
        "charging_url": charging_url,
        "token": token,
        "switch_name": "gateway",
        "slice_seconds": "60",
        "interim_seconds": "60",
        "class_secret": "another-secret-of-the-tests",
        "emergency_numbers": "|".join(sorted(EMERGENCY_NUMBERS)),
        "name": "${name}",
        **changed,
    }
    return Template((DEPLOYED / "commcredits.conf.template").read_text("utf-8")).substitute(values)


def _write(
    directory: Path, *, modules: str, sites: str, values: str = "", policies: str = "", proven: str = "no"
) -> None:
    directory.mkdir(exist_ok=True)
    content = _MAIN.format(
        directory=directory,
        secret=SECRET,
        proven=proven,
        values=values,
        modules=modules,
        policies=policies,
        sites=sites,
        always="".join(f"\talways {word} {{\n\t\trcode = {word}\n\t}}\n" for word in ("ok", "handled", "reject")),
    )
    path = directory / "radiusd.conf"
    path.touch(mode=0o600)
    path.write_text(content, "utf-8")
    (directory / "dictionary").touch()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What radclient says came back: ``code`` as Access-Accept, empty for nothing; texts of attributes."""

    code: str
    attributes: Mapping[str, str]
    said: str


async def radclient(
    port: int,
    command: str,
    attributes: Sequence[tuple[str, str]],
    *,
    secret: str = SECRET,
    proven: bool = True,
    seconds: float = 2,
    tries: int = 1,
) -> Answer:
    """One request of radclient's: ``auth``, ``acct``, ``status``, ``disconnect`` or ``coa``."""
    lines = [f"{name} = {value}" for name, value in attributes]
    if proven:
        lines.append("Message-Authenticator = 0x00")
    process = await asyncio.create_subprocess_exec(
        *(program("radclient") or "radclient", "-x", "-t", str(seconds), "-r", str(tries)),
        *(f"{HOST}:{port}", command, secret),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate(("\n".join(lines) + "\n").encode())
    said = output.decode("utf-8", "replace")
    _, _, received = said.partition("Received ")
    found = re.match(r"([\w-]+) Id", received)
    pairs = re.findall(r"^\s+([\w-]+) = (.*)$", received, re.MULTILINE)
    return Answer(
        code=found[1] if found else "",
        attributes={name: value.strip().strip('"') for name, value in pairs},
        said=said,
    )
