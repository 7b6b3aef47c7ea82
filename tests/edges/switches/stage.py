"""A stage for one ControlledCall: scripted books, a switch that remembers, and a clock that the test moves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from commcredits.core.commands import Authorise, Start, Update
from commcredits.core.outcomes import Ended, Granted, Outcome, RefusalCode, Refused, Started
from commcredits.edges.switches.controlled_call import ControlledCall
from commcredits.edges.switches.switch_side import ControlTerms
from commcredits.operations.charging import CallRequest, ChargingCommand, ChargingDesk
from commcredits.storage.connection import Pool
from tests.edges.switches.virtual_clock import VirtualClock
from tests.operations.office import NOON

ORGANIZATION = "019353b4-7c1e-7000-8000-0123456789ab"
BUSY = Refused(code=RefusalCode.BUSY)
SLICE_SECONDS = 60


class Books:
    """A submitter that grants a slice at a time, up to what there is; its answers can be held back or replaced."""

    def __init__(self, *, seconds_max: int = 10_000) -> None:
        self.seconds_max = seconds_max
        self.said: list[ChargingCommand] = []
        self.instead: list[Outcome] = []
        self.holds_back = False
        self.held: list[tuple[ChargingCommand, Callable[[Outcome], None]]] = []
        self.granted_seconds = 0

    def submit(self, command: ChargingCommand, callback: Callable[[Outcome], None]) -> None:
        self.said.append(command)
        if self.holds_back:
            self.held.append((command, callback))
        else:
            callback(self.instead.pop(0) if self.instead else self._outcome(command))

    def release(self) -> None:
        """Answer what was held back."""
        self.holds_back = False
        held, self.held = self.held, []
        for command, callback in held:
            callback(self._outcome(command))

    def of(self, kind: type[Any]) -> list[Any]:
        """The commands of a kind."""
        return [command for command in self.said if isinstance(command, kind)]

    def _outcome(self, command: ChargingCommand) -> Outcome:
        match command:
            case Authorise() | Update():
                used = command.used_seconds if isinstance(command, Update) else 0
                wanted = used + SLICE_SECONDS
                self.granted_seconds = max(self.granted_seconds, min(wanted, self.seconds_max))
                return Granted(final=wanted > self.seconds_max, **self.grant())
            case Start():
                return Started(final=self.granted_seconds >= self.seconds_max, **self.grant())
            case _:
                return Ended(duration_seconds=command.used_seconds, charged_micros=0, currency="EUR")

    def grant(self) -> dict[str, Any]:
        """What was granted so far."""
        return {
            "grant_number": 1,
            "granted_seconds": self.granted_seconds,
            "valid_seconds": self.granted_seconds + 30,
            "charged_micros": 0,
            "held_micros": 0,
            "currency": "EUR",
        }

    def organization_of(self, e164: str) -> str | None:
        """Directory: every number but one is ORGANIZATION's."""
        return None if e164 == "+40299999999" else ORGANIZATION


@dataclass
class Switch:
    """A switch's side that remembers what it was told."""

    told: list[tuple[Any, ...]] = field(default_factory=list)

    def admit(self, organization_id: str, granted: Granted | None) -> None:
        self.told.append(("admit", organization_id, granted and granted.granted_seconds))

    def refuse(self, refused: Refused) -> None:
        self.told.append(("refuse", refused.code))

    def limit_to(self, granted_seconds: int) -> None:
        self.told.append(("limit", granted_seconds))

    def hang_up(self, cause: str) -> None:
        self.told.append(("hang up", cause))

    def warn(self, seconds_left: int) -> None:
        self.told.append(("warn", seconds_left))


class Stage:
    """One call, its switch, its books and its clock."""

    def __init__(self, *, seconds_max: int = 10_000, **terms: Any) -> None:
        self.books = Books(seconds_max=seconds_max)
        self.clock = VirtualClock()
        self.switch = Switch()
        self.over = 0
        desk = ChargingDesk(
            submitter=self.books,
            directory=self.books,
            pool=cast("Pool", None),
            shard_id=0,
            clock=lambda: NOON,
        )
        self.call = ControlledCall(
            desk=desk,
            side=self.switch,
            timers=self.clock,
            session_id="call-1",
            over=self._is_over,
            terms=ControlTerms(**terms),
        )

    def ask(self, **fields: Any) -> None:
        """The switch asks."""
        content = {"caller": "+40211111111", "callee": "+442079460000", "session_id": "call-1", **fields}
        self.call.ask(CallRequest(switch="freeswitch:sbc1", **content))

    def run(self) -> None:
        """The call is asked for and answered."""
        self.ask()
        self.call.answered()
        self.switch.told.clear()

    @property
    def verbs(self) -> list[str]:
        """What was said to the books, in one word each."""
        return [type(command).__name__ for command in self.books.said]

    def _is_over(self, call: ControlledCall) -> None:
        assert call is self.call
        self.over += 1
