"""Kamailio with the configuration that links it to charging over evapi, for as long as a story lasts.

Knows its local file and where its reports wait. Refuses to know what they say.
"""

import re
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import ClassVar, Final, Self

from commcredits.core.numbers import EMERGENCY_NUMBERS
from tests.stories.sip.ports import LOOPBACK
from tests.stories.sip.switch import DEPLOYED, Switch, SwitchFailedError, SwitchSettings, program

LINKED_SECONDS_MAX: Final = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class EvapiSettings(SwitchSettings):
    """The names of commcredits-evapi-local.cfg.template, for a switch on loopback."""

    CONFIGURATION: ClassVar[str] = "kamailio-evapi.cfg"
    LOCAL: ClassVar[str] = "commcredits-evapi-local.cfg"

    link_port: int
    link_secret: str = "secret-of-the-link"
    link_sources: str = "127.0.0.0/8"
    charging_url: str = ""
    token: str = ""

    def local_configuration(self, control_socket: Path) -> str:
        """The text of commcredits-evapi-local.cfg."""
        next_hop = f"{LOOPBACK}:{self.next_hop_port}"
        return Template((DEPLOYED / "commcredits-evapi-local.cfg.template").read_text("utf-8")).substitute(
            name="${name}",
            listen_address=f"{LOOPBACK}:{self.sip_port}",
            control_socket=control_socket,
            link_address=f"{LOOPBACK}:{self.link_port}",
            link_sources=self.link_sources,
            link_secret=self.link_secret,
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
        )


@dataclass(slots=True)
class EvapiSwitch(Switch):
    """One Kamailio that charging connects to."""

    def waiting(self) -> int:
        """How many reports and renewals wait to be told, or were told and not yet taken."""
        return self._queue_length("reports") + self._queue_length("changes") + self.entries("untaken")

    def wait_until_linked(self, times: int = 1) -> None:
        """Wait until charging has linked it so often. TimeoutError when that does not come to pass."""
        deadline = time.monotonic() + LINKED_SECONDS_MAX
        while self._log_path.read_text("utf-8", "replace").count("link: up") < times:
            if time.monotonic() > deadline:
                raise TimeoutError("charging has not linked this Kamailio")
            time.sleep(0.02)

    def entries(self, table: str) -> int:
        """How many entries one of its tables has."""
        answer = self._ask("htable.stats\n")
        found = re.search(rf"name: {table}\s+slots: \d+\s+all: (\d+)", answer)
        if found is None:
            raise SwitchFailedError(f"kamcmd answered {answer!r}")
        return int(found[1])

    def fill(self, table: str, entries: Mapping[str, str]) -> None:
        """Put entries into one of its tables."""
        self._ask("".join(f"htable.sets {table} {key} {value}\n" for key, value in entries.items()))

    def _ask(self, commands: str) -> str:
        asking = [program("kamcmd") or "kamcmd", "-s", f"unix:{self._control_socket}"]
        answered = subprocess.run(asking, input=commands, check=True, capture_output=True, text=True, timeout=20)
        return answered.stdout


@dataclass(slots=True)
class LinkedSwitch(EvapiSwitch):
    """One Kamailio that charging is about to connect to: it is entered once it is linked."""

    def __enter__(self) -> Self:
        # By its class: a dataclass with slots is another class than the one that super() has in mind.
        EvapiSwitch.__enter__(self)
        try:
            self.wait_until_linked()
        except TimeoutError:
            self._stop()
            raise
        return self
