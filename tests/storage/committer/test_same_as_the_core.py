"""Random calls of people through committers, with rosters that change: answers and rows are the core's own.

Whatever batches, caches and look-ups do, they must not show: the same commands, one after the other, are put to the
core in memory, and every answer, call, meter, block and balance is compared.
"""

import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from msgspec.structs import replace

from commcredits.core.account import ChargingTerms
from commcredits.core.commands import Authorise, CallType, Command, End, Expire, RecordCall, Service, SetBlock, Start
from commcredits.core.outcomes import Refused
from commcredits.core.roster import BlockedKind, CallsWithoutUser, Licence, Limits, PartyKind, Roster
from commcredits.storage import surrounding
from commcredits.storage.committer import Committer
from commcredits.storage.committer_terms import CommitterTerms
from tests.storage.committer.staff import (
    BRITISH,
    CREDITS,
    DOMESTIC,
    STRANGER,
    Staff,
    open_staff,
    publish_rates,
    rates,
    recorded,
)
from tests.storage.committer.twins import Twins, twins_of
from tests.storage.committer.world import World, assign_deck, codes, end, grant, new_id, start, update

STEPS: Final = 150
BEGINNING: Final = datetime(2026, 11, 30, 15, 30, tzinfo=UTC)
"""Six and a half hours before December begins in Bucharest."""
FORGETFUL: Final = CommitterTerms(cached_accounts_max=1, cached_ended_sessions_max=2, batch_commands_max=5)
PLANS: Final = (
    Licence.DOMESTIC_120,
    Licence.DOMESTIC_240,
    Licence.DOMESTIC_AND_INTERNATIONAL,
    Licence.DOMESTIC_120_UNPOOLED,
    Licence.PAY_AS_YOU_GO_1,
)
NUMBERS: Final = {"sales": "+40211230001", "desk": "+40211230002", "queue": "+40800123456"}
ZIMBABWEAN: Final = "+2634123456"
CALLEES: Final = (DOMESTIC, DOMESTIC, DOMESTIC, BRITISH, BRITISH, ZIMBABWEAN)
BY_CHANCE: Final = {
    "authorise": 36,
    "start": 6,
    "update": 20,
    "end": 16,
    "expire": 8,
    "record": 14,
    "correct": 10,
    "grant": 3,
    "deck": 2,
    "block": 1,
    "lift": 4,
    "repeat": 10,
}


class Play:
    """Random commands, each built on what the organization looks like in memory."""

    def __init__(self, twins: Twins, decks: list[str], seed: int) -> None:
        self._twins = twins
        self._staff: Staff = twins.staff
        self._decks = decks
        self._chance = random.Random(seed)
        self._done: list[Command] = []
        self._numbers = 0

    def commands(self) -> list[Command]:
        """Some that meet in one batch, or in two."""
        names = list(BY_CHANCE)
        count = self._chance.choice([1, 1, 2, 3, 5, 9, 20])
        drawn = self._chance.choices(names, list(BY_CHANCE.values()), k=count)
        commands = [self._command(name) for name in drawn]
        self._done += commands
        return commands

    def pass_time(self) -> None:
        """Mostly seconds, sometimes an hour, so that periods end while calls run."""
        self._staff.world.clock.advance(seconds=self._chance.choice([0, 0, 1, 20, 90, 200, 200, 1_200]))

    async def change_people(self) -> None:
        """One change of what calls rest on."""
        chance, staff = self._chance, self._staff
        match chance.choice(["licences", "licences", "number", "rules", "policy", "cap"]):
            case "licences":
                await staff.license(chance.choice(["sales", "desk"]), *some_licences(chance))
            case "number":
                name = chance.choice(["sales", "desk", None])
                number = NUMBERS[chance.choice(["sales", "desk"])]
                await staff.assign(number, None)
                await staff.assign(number, name)
            case "rules":
                await staff.rule(some_rules(chance))
            case "policy":
                await staff.change("sales", "toll_free_allowed", chance.random() < 0.5)
            case "cap":
                await staff.change("desk", "monthly_cap_micros", chance.choice([None, 0, 3_000_000]))
        await self._twins.learn_people()

    def _command(self, name: str) -> Command:
        chance, staff = self._chance, self._staff
        match name:
            case "authorise":
                return self._authorise()
            case "record":
                return self._record()
            case "grant":
                self._numbers += 1
                expires_at = staff.world.clock.now + timedelta(days=100, seconds=self._numbers)
                return grant(staff.organization_id, chance.randrange(1, 4_000_000), expires_at=expires_at)
            case "deck":
                command = assign_deck(staff.organization_id, chance.choice(self._decks))
                ahead = chance.choice([None, None, 100, 900])
                in_force_at = None if ahead is None else staff.world.clock.now + timedelta(seconds=ahead)
                return replace(command, in_force_at=in_force_at)
            case "block":
                kind, subject = chance.choice([(BlockedKind.DESTINATION, "GB"), (BlockedKind.USER, staff.ids["sales"])])
                return SetBlock(organization_id=staff.organization_id, command_id=new_id(), kind=kind, subject=subject)
            case "lift":
                blocks = self._twins.books.account.blocks
                return staff.lift(chance.choice(blocks).block_id if blocks else new_id())
            case "repeat" if self._done:
                repeatable = (Authorise, RecordCall, Start, End)
                again = [command for command in self._done[-200:] if isinstance(command, repeatable)]
                return chance.choice(again or [self._authorise()])
        return self._of_a_call(name)

    def _authorise(self) -> Authorise:
        chance, staff = self._chance, self._staff
        self._numbers += 1
        fields: dict[str, Any] = {"slice_seconds": chance.choice([None, 1, 30, 60, 100, 400])}
        match chance.randrange(6):
            case 0:
                fields |= {"service": Service.TOLL_FREE_IN, "caller": chance.choice([STRANGER, BRITISH])}
                return staff.call(f"call-{self._numbers}", callee=NUMBERS["queue"], **fields)
            case 1:
                fields |= {"call_type": CallType.USER_IN, "service": Service.TOLL_IN, "caller": BRITISH}
                return staff.call(f"call-{self._numbers}", callee=NUMBERS["sales"], **fields)
            case 2:
                fields |= {"service": Service.CONFERENCE_DIAL_OUT}
        who = chance.choice(["sales", "sales", "desk", "desk", "queue", "nobody", "", ""])
        if not who:
            fields |= {"caller": chance.choice([*NUMBERS.values(), STRANGER])}
        fields |= {"answered": chance.random() < 0.3}
        return staff.call(f"call-{self._numbers}", who, callee=chance.choice(CALLEES), **fields)

    def _record(self) -> RecordCall:
        chance = self._chance
        self._numbers += 1
        record = self._staff.record(
            f"record-{self._numbers}",
            chance.choice(["sales", "desk", "queue", ""]),
            callee=chance.choice(CALLEES),
            seconds=chance.randrange(400),
        )
        return replace(record, started_at=record.started_at - timedelta(hours=chance.choice([0, 0, 1, 30])))

    def _of_a_call(self, name: str) -> Command:
        chance, organization_id = self._chance, self._staff.organization_id
        sessions = self._twins.books.sessions
        known = [*sessions, "never heard of"]
        live = [session_id for session_id, session in sessions.items() if session.is_live]
        # Mostly one that runs; some run only since this very batch.
        session_id = chance.choice(live if live and chance.random() < 0.7 else known)
        if chance.random() < 0.2:
            session_id = f"call-{self._numbers}"
        session = sessions.get(session_id)
        used = chance.choice([0, 1, 30, 60, 200, 500])
        match name:
            case "start":
                return start(organization_id, session_id)
            case "end":
                return end(organization_id, session_id, used)
            case "expire":
                grant_number = 1 if session is None else session.grant_number
                if session is not None and session.is_live and chance.random() < 0.5:
                    clock = self._staff.world.clock
                    clock.now = max(clock.now, session.grant_ends_at)
                return Expire(organization_id=organization_id, session_id=session_id, grant_number=grant_number)
            case "correct":
                return self._staff.correct(session_id, chance.choice(self._decks))
        number = chance.choice([1, 2, 3]) if session is None else session.grant_number
        return update(organization_id, session_id, number, used + (0 if session is None else session.used_seconds))


def some_licences(chance: random.Random) -> list[Licence]:
    """A plan, mostly credits too, and sometimes conferencing."""
    licences = [chance.choice(PLANS)]
    if chance.random() < 0.6:
        licences.append(CREDITS)
    if chance.random() < 0.5:
        licences.append(Licence.AUDIO_CONFERENCING)
    return licences


def some_rules(chance: random.Random) -> Roster:
    """Limits that are reached now and then."""

    def maybe(*amounts: int) -> int | None:
        return chance.choice([None, None, *amounts])

    limits = Limits(
        calls_max=maybe(4, 12),
        user_calls_max=maybe(2, 6),
        user_monthly_max_micros=maybe(4_000_000),
        department_monthly_max_micros={"Sales": 6_000_000} if chance.random() < 0.5 else {},
        user_hourly_max_micros=maybe(1_000_000, 2_000_000),
        destination_daily_max_micros=maybe(3_000_000),
        toll_free_caller_daily_max_micros=maybe(200_000),
    )
    return Roster(
        version=0,
        limits=limits,
        international_stops_both=chance.random() < 0.5,
        calls_without_user=chance.choice(list(CallsWithoutUser)),
    )


@pytest.fixture
async def staff(world: World) -> AsyncIterator[Staff]:
    """An organization with 15.00, two users with few minutes left, and a queue, near the end of a month."""
    world.clock.now = BEGINNING
    world.charging = ChargingTerms(slice_seconds=120)
    async with open_staff(world, funds_micros=15_000_000) as opened:
        await opened.hire("sales", Licence.DOMESTIC_120, CREDITS, number=NUMBERS["sales"], department="Sales")
        await opened.hire("desk", Licence.DOMESTIC_240, CREDITS, number=NUMBERS["desk"])
        await opened.hire("queue", CREDITS, number=NUMBERS["queue"], kind=PartyKind.RESOURCE_ACCOUNT)
        async with world.committer() as committer:
            # Little is left of this month's minutes, so that calls outlive them.
            for who, minutes in (("sales", 110), ("desk", 230)):
                recorded(await committer.execute(opened.record(f"before-{who}", who, seconds=60 * minutes)))
        yield opened


@pytest.mark.parametrize("seed", range(4))
async def test_committers_answer_and_write_what_the_core_decides_in_memory(
    staff: Staff, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if seed % 2:
        monkeypatch.setattr(surrounding, "PEOPLE_MAX", 4)
    decks = [await publish_rates(staff.world, rates(factor=factor)) for factor in (1, 4)]
    twins = await twins_of(staff)
    play = Play(twins, decks, seed)
    chance = random.Random(seed)
    seen: set[str] = set()
    async with (
        staff.world.committer() as one,
        staff.world.committer() as two,
        staff.world.committer(FORGETFUL) as three,
    ):
        committers: list[Committer] = [one, two, three]
        for _step in range(STEPS):
            if chance.random() < 0.25:
                await play.change_people()
            for answer in await twins.do(chance.choice(committers), play.commands()):
                seen.add(answer.code.value if isinstance(answer, Refused) else type(answer).__name__)
            await twins.compare()
            play.pass_time()
    await staff.check_books(lifted=True)
    # The run means something: minutes, money and rules all had their say.
    assert {"Granted", "Ended", "Recorded", "Done"} <= seen
    assert len(seen) >= 12, seen
    assert await staff.world.count("call_sessions", "included_seconds > 0") > 0


@pytest.mark.parametrize("seed", range(2))
async def test_batches_that_are_decided_ahead_answer_and_write_what_the_core_decides(staff: Staff, seed: int) -> None:
    """Hundreds of commands in one breath and in small batches: while one commits, the next is decided upon it."""
    limits = Limits(calls_max=40, user_calls_max=30, user_hourly_max_micros=6_000_000)
    await staff.rule(Roster(version=0, limits=limits, international_stops_both=True))
    twins = await twins_of(staff)
    chance = random.Random(seed)
    commands: list[Command] = []
    for number in range(200):
        who, callee = chance.choice(["sales", "desk"]), chance.choice([DOMESTIC, BRITISH])
        commands.append(staff.call(f"call-{number}", who, callee=callee, slice_seconds=chance.randrange(1, 200)))
        for turn in range(chance.randrange(3)):
            earlier = f"call-{chance.randrange(max(0, number - 20), number + 1)}"
            commands.append(update(staff.organization_id, earlier, 1 + turn, chance.randrange(100)))
        if chance.random() < 0.7:
            earlier = f"call-{chance.randrange(max(0, number - 20), number + 1)}"
            commands.append(end(staff.organization_id, earlier, chance.randrange(200)))
    async with staff.world.committer(CommitterTerms(batch_commands_max=16)) as committer:
        await twins.do(committer, [staff.call("warm", "sales"), staff.call("warm-too", "desk", callee=BRITISH)])
        codes_seen = set(codes(await twins.do(committer, commands)))
    assert {"granted", "ended", "blocked"} <= codes_seen
    await twins.compare()
    await staff.check_books()
