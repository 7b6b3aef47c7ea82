"""Real SIP calls, telephone to Kamailio to telephone, charged over Diameter Ro by the whole system: story and record.

Knows how the parts are put together. Refuses to know what should come of the calls.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from commcredits.edges.diameter.credit_control.dictionary import Action
from commcredits.main.addresses import LOOPBACK
from commcredits.main.running import Running
from commcredits.main.supervisor import running_system
from commcredits.settings import Settings
from commcredits.settings.diameter import DiameterPeer, DiameterSettings
from tests.edges.diameter.credit_client import CreditClient, information, subscription
from tests.stories.books import Ledger, read_ledger
from tests.stories.diameter.recorder import Recorder
from tests.stories.diameter.ro_switch import CHARGING_HOST, ORIGIN_HOST, REALM, RoSettings, RoSwitch
from tests.stories.sip.accounts import PROBE, open_funded
from tests.stories.sip.phones import PORTS_EACH, Calls, Leg, Telephones
from tests.stories.sip.ports import free_ports
from tests.stories.sip.switch import program

TOKEN: Final = "loopback-token-of-the-story"
PROBING_HOST: Final = "probe.example"
CONNECTED_SECONDS_MAX: Final = 40
BOOKED_SECONDS_MAX: Final = 40
TELEPHONES_MAX: Final = 12
CALLEE_PAUSE_MILLISECONDS: Final = 1300
PROGRAMS: Final = {"kamailio": "kamailio-ims-modules", "sipp": "sip-tester", "tshark": "tshark"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RoStory:
    """What telephones saw by group, what the callees saw, the capture, and what the books say."""

    legs: Mapping[str, Mapping[str, Leg]]
    callees: Mapping[str, Leg]
    complaints: Sequence[str]
    switch_log: str
    capture: Path
    ledger: Ledger

    def of(self, group: str) -> list[Leg]:
        """The callers' legs of one group, in the order in which they called."""
        return list(self.legs[group].values())


def missing_programs() -> list[str]:
    """What is not installed, as "program (package of Debian)"."""
    return [f"{name} (package {package})" for name, package in PROGRAMS.items() if program(name) is None]


def tell_ro_story(groups: Sequence[Calls], funds: Mapping[str, int], place: Path) -> RoStory:
    """Place all groups of calls at once; ``funds`` are those of the callers' organizations, by number.

    Raises as ``open_funded`` and ``RoSwitch`` do.
    """
    system = place / "system"
    system.mkdir()
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        try:
            running = runner.run(stack.enter_async_context(running_system(_settings(system))))
            opened = runner.run(open_funded(running, TOKEN, funds))
            runner.run(_wait_until_known(running))
            sip_port, callee_port, line_port, acceptor_port, *ports = free_ports(4 + TELEPHONES_MAX * PORTS_EACH)
            capture = place / "ro.pcap"
            settings = RoSettings(
                sip_port=sip_port, next_hop_port=callee_port, charging_port=line_port, acceptor_port=acceptor_port
            )
            with (
                Recorder(line_port, running.switch_ports["diameter"], capture),
                RoSwitch(settings, place) as switch,
                Telephones(place, sip_port, callee_port, ports, CALLEE_PAUSE_MILLISECONDS) as telephones,
            ):
                _wait_until_connected(capture)
                telephones.place_all(groups)
                ledger = runner.run(_booked(running, opened))
                legs = {group.name: telephones.legs(group.name) for group in groups}
                callees, complaints = telephones.legs("callee"), telephones.complaints()
            return RoStory(
                legs=legs,
                callees=callees,
                complaints=complaints,
                switch_log=switch.log(),
                capture=capture,
                ledger=ledger,
            )
        finally:
            runner.run(stack.aclose())


def _settings(data_directory: Path) -> Settings:
    loopback = DiameterPeer(networks=("127.0.0.0/8",))
    return Settings(
        database_url=None,
        data_directory=data_directory,
        operator_token=SecretStr(TOKEN),
        web_host=LOOPBACK,
        web_port=0,
        charging_host=LOOPBACK,
        charging_port=0,
        charging_tls_certificate=None,
        charging_tls_key=None,
        gateways={},
        simulator_port=0,
        diameter=DiameterSettings(
            port=0,
            origin_host=CHARGING_HOST,
            origin_realm=REALM,
            peers={ORIGIN_HOST: loopback, PROBING_HOST: loopback},
        ),
    )


async def _wait_until_known(running: Running) -> None:
    """Until the Diameter process knows the number that was added last: without funds, it says so then."""
    client = await CreditClient.connect(running.switch_ports["diameter"], PROBING_HOST)
    try:
        async with asyncio.timeout(CONNECTED_SECONDS_MAX):
            for number in range(1_000):
                told = await client.event(
                    f"{PROBING_HOST};1;{number}",
                    Action.CHECK_BALANCE,
                    subscription(PROBE),
                    information(f"tel:{PROBE}", "tel:+4931100"),
                )
                if told.balance is not None:
                    return
                await asyncio.sleep(0.1)
    finally:
        await client.close()


def _wait_until_connected(capture: Path) -> None:
    """Until Kamailio and charging have agreed on capabilities: both have said something, then."""
    deadline = time.monotonic() + CONNECTED_SECONDS_MAX
    while capture.stat().st_size < 400:
        assert time.monotonic() < deadline, "Kamailio did not connect over Diameter"
        time.sleep(0.1)
    time.sleep(0.5)


async def _booked(running: Running, opened: Mapping[str, str]) -> Ledger:
    """The books, once every call has ended there."""
    deadline = time.monotonic() + BOOKED_SECONDS_MAX
    while True:
        ledger = await read_ledger(running, TOKEN, opened)
        live = [call for account in ledger.accounts.values() for call in account.calls.values() if call.held_micros]
        running_still = [
            call
            for account in ledger.accounts.values()
            for call in account.calls.values()
            if call.state in ("authorised", "started")
        ]
        if (not live and not running_still) or time.monotonic() > deadline:
            return ledger
        await asyncio.sleep(0.3)
