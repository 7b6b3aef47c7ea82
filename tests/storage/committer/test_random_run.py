"""Many organizations, random commands, late, doubled and contradicting ones too, through two committers at once."""

import asyncio
import random
from collections import Counter
from collections.abc import MutableMapping
from datetime import timedelta
from typing import Any, Final

import msgspec
import pytest

from commcredits.core.commands import (
    Authorise,
    CheckRecharge,
    Command,
    End,
    Expire,
    ExpireLots,
    GrantPromotion,
    PaymentState,
    RecordPayment,
    RequestTopUp,
    SaveRechargeRule,
    SendTopUp,
    Start,
    Update,
)
from commcredits.core.outcomes import Outcome, RefusalCode, Refused, TopUpTaken
from commcredits.storage.committer import Committer
from commcredits.storage.committer_terms import CommitterTerms
from tests.storage.committer.world import (
    WAIT_SECONDS_MAX,
    World,
    authorise,
    end,
    grant,
    is_refused,
    new_id,
    request_top_up,
    start,
    update,
)

ORGANIZATIONS: Final = 40
PLAYERS: Final = 32
TURNS: Final = 100
BY_CHANCE: Final = {
    "authorise": 25,
    "start": 8,
    "update": 18,
    "end": 15,
    "expire": 12,
    "late_end": 4,
    "repeat": 14,
    "contradict": 3,
    "grant": 4,
    "top_up": 3,
    "record": 5,
    "send": 3,
    "rule": 2,
    "look": 3,
    "wait": 6,
}


class Game:
    """What the players have done so far, and the answers that they must get again."""

    def __init__(self, world: World, committers: list[Committer], organizations: list[str], seed: int) -> None:
        self._world = world
        self._committers = committers
        self._organizations = organizations
        self._chance = random.Random(seed)
        self._database_is_mine = asyncio.Lock()
        self._sessions: list[tuple[str, str]] = [(organizations[0], "never authorised")]
        self._updates: Counter[str] = Counter()
        self._top_ups: list[tuple[str, str]] = []
        self.first: dict[str, tuple[Command, Outcome]] = {}
        self.sends: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()

    async def play(self) -> None:
        """One player's turns."""
        actions = self._chance.choices(list(BY_CHANCE), list(BY_CHANCE.values()), k=TURNS)
        for action in actions:
            if action == "wait":
                self._world.clock.advance(seconds=self._chance.choice([1, 20, 90, 400]))
            else:
                await self._do(await self._command(action))

    async def _command(self, action: str) -> Command:
        chance = self._chance
        # A few organizations have most of the traffic.
        organization = self._organizations[int(len(self._organizations) * chance.random() ** 2)]
        if action in {"repeat", "contradict"} and self.first:
            command, _outcome = chance.choice(list(self.first.values()))
            return command if action == "repeat" else _contradicted(command)
        match action:
            case "grant":
                expires_at = self._world.clock.now + timedelta(minutes=chance.choice([1, 5, 60, 10_000]))
                return grant(organization, chance.randrange(1, 3_000_000), expires_at=expires_at)
            case "top_up":
                return request_top_up(organization, amount_micros=chance.choice([1, 50_000_000, 60_000_000]))
            case "rule":
                return _rule(organization, enabled=chance.random() < 0.8)
            case "look":
                look: list[Command] = [
                    CheckRecharge(organization_id=organization),
                    ExpireLots(organization_id=organization),
                ]
                return chance.choice(look)
            case "record" | "send":
                return await self._payment(action, organization)
            case "late_end":
                rows = await self._rows("call_sessions", "state = 'expired' and charged_micros > 0")
                row = chance.choice(rows or [{"organization_id": organization, "session_id": "never authorised"}])
                return end(str(row["organization_id"]), row["session_id"], chance.choice([0, 1]))
        return self._of_a_call(action, organization)

    def _of_a_call(self, action: str, organization: str) -> Command:
        chance = self._chance
        seconds = chance.choice([0, 1, 17, 60, 200])
        if action == "authorise":
            session = new_id()
            self._sessions.append((organization, session))
            callee = chance.choice(["+442079460000"] * 9 + ["+862079460000"])
            return authorise(organization, session, slice_seconds=chance.randrange(1, 200), callee=callee)
        # Mostly a recent call: it may run still.
        organization, session = self._sessions[-int(1 + len(self._sessions) * chance.random() ** 3)]
        match action:
            case "start":
                return start(organization, session)
            case "end":
                return end(organization, session, seconds)
            case "expire":
                return Expire(
                    organization_id=organization, session_id=session, grant_number=chance.choice([1, 1, 2, 3])
                )
        self._updates[session] += chance.choice([0, 1, 1, 1, 2])
        return update(organization, session, self._updates[session] + 1, seconds)

    async def _payment(self, action: str, organization: str) -> Command:
        if action == "send":
            due = await self._rows("top_ups", "state = 'due'")
            if due:
                row = self._chance.choice(due)
                organization, top_up = str(row["organization_id"]), str(row["top_up_id"])
                self._top_ups.append((organization, top_up))
                return SendTopUp(organization_id=organization, top_up_id=top_up)
        organization, top_up = self._chance.choice(self._top_ups or [(organization, new_id())])
        return RecordPayment(
            organization_id=organization,
            top_up_id=top_up,
            state=self._chance.choice([PaymentState.SUCCEEDED] * 3 + list(PaymentState)),
            gateway="simulator",
            retryable=self._chance.random() < 0.5,
        )

    async def _rows(self, table: str, condition: str) -> list[Any]:
        async with self._database_is_mine:
            query = f"select * from {table} where {condition} limit 5"  # noqa: S608 - words of this file
            return await self._world.database.fetch(query)

    async def _do(self, command: Command) -> None:
        outcome = await asyncio.wait_for(self._chance.choice(self._committers).execute(command), WAIT_SECONDS_MAX)
        if isinstance(outcome, Refused):
            self.refusals[outcome.code] += 1
            assert outcome.code not in {RefusalCode.INTERNAL_ERROR, RefusalCode.BUSY}, (command, outcome)
        if isinstance(outcome, TopUpTaken):
            self._top_ups.append((command.organization_id, outcome.top_up_id))
            self.sends[outcome.top_up_id] += outcome.send
        self.remember(command, outcome)

    def remember(self, command: Command, outcome: Outcome) -> None:
        """Note the first answer to a command, or hold a repetition's against it."""
        if not _is_remembered(command, outcome):
            return
        key = msgspec.json.encode((type(command).__name__, command)).decode()
        _command, first = self.first.setdefault(key, (command, outcome))
        late = isinstance(command, Update) and is_refused(outcome, RefusalCode.STALE_REQUEST)
        assert late or _without_send(outcome) == _without_send(first), (command, first, outcome)


def _is_remembered(command: Command, outcome: Outcome) -> bool:
    """Whether this answer must be given to every repetition: refused calls and purchases too, but nothing unknown."""
    if isinstance(command, Authorise | RequestTopUp | SaveRechargeRule | GrantPromotion):
        return not is_refused(outcome, RefusalCode.CONFLICT)
    return isinstance(command, Start | Update | End) and not isinstance(outcome, Refused)


def _without_send(outcome: Outcome) -> object:
    return {**msgspec.to_builtins(outcome), "send": False, "kind": type(outcome).__name__}


def _contradicted(command: Command) -> Command:
    """The same id with other content, where that is a conflict."""
    match command:
        case Authorise():
            return authorise(command.organization_id, command.session_id, callee="+442079460001")
        case Update():
            return update(command.organization_id, command.session_id, command.request_number, 7_777)
        case GrantPromotion():
            return grant(command.organization_id, 7_777, command_id=command.command_id)
    return command


def _rule(organization: str, *, enabled: bool) -> SaveRechargeRule:
    return SaveRechargeRule(
        organization_id=organization,
        command_id=new_id(),
        enabled=enabled,
        recharge_amount_micros=50_000_000,
        trigger_amount_micros=2_000_000,
        monthly_cap_micros=150_000_000,
        payment_method="card",
    )


@pytest.mark.parametrize("seed", [1, 2])
async def test_whatever_happens_the_books_agree_and_every_repetition_gets_the_first_answer(
    world: World, seed: int, logs: list[MutableMapping[str, Any]]
) -> None:
    organizations = await world.open_organizations(ORGANIZATIONS, funds_micros=1_500_000)
    forgetful = CommitterTerms(cached_accounts_max=5, cached_ended_sessions_max=5, batch_commands_max=9)
    async with world.committer() as one, world.committer(forgetful) as other:
        game = Game(world, [one, other], organizations, seed)
        await asyncio.gather(*(game.play() for _ in range(PLAYERS)))

    assert set(game.sends.values()) <= {0, 1}, "two were sent to the gateway with one attempt"
    async with world.committer() as after_restart:
        sample = random.Random(seed).sample(sorted(game.first), 400)
        commands = [game.first[key][0] for key in sample]
        for command in commands:
            game.remember(command, await after_restart.execute(command))

    await world.check_books()
    assert await world.count("recharge_rules", "month_micros > monthly_cap_micros") == 0
    assert [entry for entry in logs if entry["log_level"] in {"warning", "error"}] == []
    # The run means something: the calls, the payments, the refusals and the expiries did happen.
    for table, condition in (
        ("call_sessions", "state = 'ended'"),
        ("call_sessions", "state = 'expired'"),
        ("call_sessions", "cause = 'insufficient_funds'"),
        ("top_ups", "state = 'succeeded' and kind = 'auto_recharge'"),
        ("journal", "reason = 'expiry'"),
        ("journal", "reason = 'call_correction'"),
    ):
        assert await world.count(table, condition) > 0, (table, condition)
    assert game.refusals[RefusalCode.CONFLICT] > 0
