"""A seeded world: organizations, the product's processes around one ledger, a payment provider, and a clock.

Knows how the parts are put together, and how one step goes. Refuses to choose what happens in it, which
tests/simulation/happenings.py does, and to judge, which tests/simulation/invariants.py does.
"""

import asyncio
from collections import deque
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final, TypeVar, cast

from msgspec.structs import replace

from commcredits.core.access import SYSTEM
from commcredits.core.account import FundingTerms
from commcredits.core.commands import Command, Service
from commcredits.core.outcomes import Outcome, RefusalCode, Refused
from commcredits.core.tariffs import Rate, RateDeck, index_deck
from commcredits.core.taxes import TaxRow, TaxTreatment
from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement
from tests.simulation.backends import Backend, InMemory
from tests.simulation.gateway import ProviderGateway
from tests.simulation.invariants import Auditor
from tests.simulation.ledger import MemoryLedger
from tests.simulation.pooling import SimulatedPool
from tests.simulation.providers import Mood, Provider
from tests.simulation.scheduling import Process, SeededLoop, pause

T = TypeVar("T")
SHARD: Final = 0
NOON: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)
UNIT: Final = 1_000_000
DECK_ID: Final = "01930000-0000-7000-8000-0000000000dd"
GATEWAY: Final = "provider"
CALLER: Final = "+40722000001"
CALLEE: Final = "+442079460000"
EVENTS_KEPT: Final = 30
FUNDING: Final = FundingTerms(top_up_minimum_micros={}, top_up_minimum_default_micros=5 * UNIT)
TAXED: Final = replace(
    FUNDING,
    taxes=(
        TaxRow(
            country="RO",
            effective_from=datetime(2020, 1, 1, tzinfo=UTC),
            treatment=TaxTreatment.ON_TOP_UP,
            rate_micros=210_000,
        ),
    ),
)
"""The same with 21 % of tax on each purchase."""
STEP: Final = timedelta(milliseconds=1)
"""What each step takes at least, so that no two things happen at one instant."""


def deck_of_one_rate() -> RateDeck:
    """A second costs one unit: what a call spends can be seen at a glance."""
    rate = Rate(
        prefix="44",
        destination="United Kingdom",
        service=Service.OUTBOUND,
        price_per_minute_micros=60 * UNIT,
        connection_fee_micros=0,
        first_increment_seconds=1,
        next_increment_seconds=1,
        effective_from=datetime(2020, 1, 1, tzinfo=UTC),
    )
    return index_deck(DECK_ID, "EUR", [rate])


@dataclass(kw_only=True)
class Faults:
    """How likely faults of our own parts are: a database that says "busy", in a hundred, and kills, in a thousand."""

    busy: int = 0
    kills: int = 0


@dataclass(kw_only=True)
class World:
    """Everything there is. ``random`` is the only source of chance, so a seed and a number of steps are a whole run."""

    random: Random
    now: datetime = NOON
    faults: Faults = field(default_factory=Faults)
    funding: FundingTerms = FUNDING
    events: deque[tuple[datetime, str]] = field(default_factory=lambda: deque(maxlen=EVENTS_KEPT))
    steps: int = 0
    organizations: list[str] = field(default_factory=list)
    methods: dict[str, list[str]] = field(default_factory=dict)
    """The ids of each organization's payment methods."""
    requests: list[tuple[str, str, int, str]] = field(default_factory=list)
    """What people asked for: organization, command id, amount, payment method."""
    owners: dict[str, str] = field(default_factory=dict)
    """Whose each payment method of the provider is."""
    ids: int = 0
    names: int = 0
    backend: Backend | None = None
    """Books elsewhere than in memory, which no invariant looks at before the end."""

    def __post_init__(self) -> None:
        """Put the parts together."""
        self.loop = SeededLoop(self.random)  # type: ignore[abstract] # a loop without network needs few of its methods
        self.provider = Provider(random=self.random, clock=self.clock)
        memory = InMemory(clock=self.clock, new_id=self.new_id, funding=self.funding, deck=deck_of_one_rate())
        self.ledger: MemoryLedger = memory.ledger
        self.books: Backend = memory if self.backend is None else self.backend
        self.auditor = Auditor(provider=self.provider, ledger=self.ledger, funding=self.funding)
        memory.seen = self.auditor.see
        self.processes = {name: Process(name) for name in ("web", "switch", "worker-1", "worker-2")}
        self.services = Services(
            actor=SYSTEM,
            shard_id=SHARD,
            pool=cast("Any", SimulatedPool(self._select, {})),
            executor=SimulatedExecutor(world=self),
            gateways={GATEWAY: cast("Any", ProviderGateway(provider=self.provider))},
            clock=self.clock,
            new_id=self.new_id,
            funding=self.funding,
        )

    def clock(self) -> datetime:
        """What every process believes the time to be."""
        return self.now

    def new_id(self) -> str:
        """Ids that rise, and are the same in every run of the seed."""
        self.ids += 1
        return f"01930000-0000-7000-8000-{self.ids:012x}"

    def new_name(self) -> str:
        """Names of what people ask for; they depend on nothing that the books do."""
        self.names += 1
        return f"{self.names:06d}"

    def note(self, text: str) -> None:
        """Remember what happened, for whoever reads about a failure."""
        self.events.append((self.now, text))

    # ---- setting up

    def open_organization(self, *, time_zone: str = "UTC", methods: int = 2) -> str:
        """An organization with that many payment methods, all of which pay."""
        organization_id = self.books.open(time_zone=time_zone)
        self.organizations.append(organization_id)
        self.methods[organization_id] = [self.add_method(organization_id) for _ in range(methods)]
        return organization_id

    def add_method(self, organization_id: str, mood: Mood = Mood.PAYS) -> str:
        """The id of a new payment method that behaves like this."""
        method_id = self.new_id()
        reference = f"pm_{method_id[-4:]}"
        self.provider.moods[reference] = mood
        described = (GATEWAY, reference, "card", "visa", "4242", 12, 2030, self.now, "", "", "")
        self._select(load_statement("insert_payment_method"), (SHARD, organization_id, method_id, *described, False))
        self.owners[reference] = organization_id
        return method_id

    def set_mood(self, method_id: str, mood: Mood) -> None:
        """From now on a payment method behaves like this."""
        self.provider.moods[f"pm_{method_id[-4:]}"] = mood

    # ---- going on

    def start(self, process: str, work: Coroutine[Any, Any, Any], what: str) -> asyncio.Task[Any]:
        """Begin something in a process; it goes on whenever it is drawn."""
        task = self.loop.start(self.processes[process], work)
        task.add_done_callback(self._keep_error)
        self.note(f"{self.processes[process]!r} begins: {what}")
        return task

    def begin(self, process: str, work: Coroutine[Any, Any, Any], what: str) -> None:
        """The same, for whoever does not wait for it: the process keeps it."""
        task = self.start(process, work, what)
        assert not task.done(), "nothing has run yet"

    def kill(self, process: str) -> None:
        """End a process wherever it is, and start it anew without any memory."""
        self.note(f"{self.processes[process]!r} is killed")
        self.processes[process] = self.loop.kill(self.processes[process])

    def run_one(self) -> None:
        """Let one of all that could go on do so, up to its next await."""
        self.now += STEP
        self.steps += 1
        self.loop.step()
        self.check()

    def check(self) -> None:
        """Fail when a task has failed, or when an invariant does not hold."""
        if self.loop.broken:
            raise self.loop.broken[0]
        if self.backend is None:
            self.auditor.look()

    def drain(self) -> None:
        """Go on until everything that was begun has ended."""
        while self.loop.waiting:
            self.run_one()

    def do(self, work: Coroutine[Any, Any, T], process: str = "web", what: str = "a request") -> T:
        """Do this now and alone, with everything else that is under way; what it returned."""
        task = self.start(process, work, what)
        self.drain()
        return cast("T", task.result())

    def pass_time(self, **duration: float) -> None:
        """Let time pass: ``world.pass_time(minutes=5)``."""
        self.now += timedelta(**duration)
        self.loop.pass_time(timedelta(**duration).total_seconds())
        self.note(f"the clock moves by {timedelta(**duration)}")
        self.provider.decide_waiting()
        self.check()

    def close(self) -> None:
        """End every process, so that nothing that was begun is left."""
        for process in self.processes.values():
            self.loop.kill(process)

    def commit(self, command: Command) -> Outcome:
        """One command, at once."""
        try:
            return self.books.commit(command)
        except Exception as error:
            # Whoever asked may swallow it, as a worker's round does with what one of many attempts raised.
            self.loop.broken.append(error)
            raise

    def _select(self, statement: str, arguments: Sequence[Any]) -> Sequence[Any]:
        try:
            return self.books.select(statement, arguments)
        except Exception as error:
            self.loop.broken.append(error)
            raise

    def _keep_error(self, task: asyncio.Task[Any]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self.loop.broken.append(error)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedExecutor:
    """What operations take for the committer. A command commits between two awaits, or the database is "busy".

    "Busy" also comes after the commit, when its answer was lost and the database stayed away too long to be asked.
    """

    world: World

    async def execute(self, command: Command) -> Outcome:
        """The outcome of a command; whoever is killed before the answer does not know whether it took effect."""
        world = self.world
        await pause()
        busy = world.faults.busy and world.random.randrange(100) < world.faults.busy
        if busy and world.random.randrange(2):
            world.note(f"busy, nothing done: {_told(command)}")
            return Refused(code=RefusalCode.BUSY, facts={"waiting": 1})
        outcome = world.commit(command)
        world.note(f"{_told(command)} → {_told(outcome)}{' (told as busy)' if busy else ''}")
        await pause()
        return Refused(code=RefusalCode.BUSY, facts={"waiting": 1}) if busy else outcome


def _told(value: Any) -> str:
    """A command or an outcome in few words: its name, and what of it tells attempts apart."""
    if isinstance(value, Refused):
        return f"refused, {value.code.value}"
    parts = []
    for name in ("organization_id", "top_up_id", "refund_id", "session_id", "state", "send", "amount_micros", "reason"):
        if hasattr(value, name):
            text = getattr(value, name)
            parts.append(f"{name.removesuffix('_id')}={text[-4:] if name.endswith('_id') else text}")
    return f"{type(value).__name__}({', '.join(parts)})"
