"""One real SIP call on a system of its own: what its caller saw, what it cost, and the balance before and after.

Knows the shortest story there is. Refuses to know how it is shown.
"""

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from commcredits.main.running import Running
from tests.stories.books import Account, LedgerCall, read_ledger
from tests.stories.sip.accounts import FUNDS_MICROS, open_funded
from tests.stories.sip.charged_story import TOKEN, story_system
from tests.stories.sip.phones import PORTS_EACH, Telephones
from tests.stories.sip.plan import StoryNumbers, talking
from tests.stories.sip.ports import free_ports
from tests.stories.sip.story import SipCall, calls_of
from tests.stories.sip.switch import Switch, SwitchSettings

TALK_SECONDS: Final = 3.5
TOLD_SECONDS_MAX: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstCall:
    """The call as its caller saw it and as the books tell it, and the balance in millionths on both sides of it."""

    call: SipCall
    booked: LedgerCall | None
    before_micros: int
    after_micros: int


def tell_first_call(
    numbers: StoryNumbers, data_directory: Path, *, directory: Path | None = None, complaints: int | None = None
) -> FirstCall:
    """Place the call; a quarter of a minute. Arguments and errors are those of ``tell_charged_story``."""
    with asyncio.Runner() as runner, story_system(runner, data_directory, complaints) as running:
        opened = runner.run(open_funded(running, TOKEN, {numbers.funded: FUNDS_MICROS}))
        before = runner.run(_account(running, opened, numbers.funded))
        call = _place(running.charging_url, numbers, directory)
        after = runner.run(_account(running, opened, numbers.funded))
        return FirstCall(
            call=call,
            booked=after.calls.get(call.session_id),
            before_micros=before.posted_micros,
            after_micros=after.posted_micros,
        )


def _place(charging_url: str, numbers: StoryNumbers, directory: Path | None) -> SipCall:
    chapter = talking("first", [(numbers.funded, numbers.answers)], TALK_SECONDS)
    with tempfile.TemporaryDirectory(prefix="sip-") as scratch:
        place = directory or Path(scratch)
        sip_port, callee_port, *ports = free_ports(2 + 2 * PORTS_EACH)
        settings = SwitchSettings(sip_port=sip_port, next_hop_port=callee_port, charging_url=charging_url, token=TOKEN)
        with Switch(settings, place) as switch, Telephones(place, sip_port, callee_port, ports, 0) as telephones:
            telephones.place_all([chapter.calls])
            switch.wait_until_told(TOLD_SECONDS_MAX)
            (call,) = calls_of([chapter], switch.notices(), telephones)
            return call


async def _account(running: Running, opened: dict[str, str], number: str) -> Account:
    return (await read_ledger(running, TOKEN, opened)).accounts[number]
