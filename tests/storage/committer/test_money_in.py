"""Purchases, refunds, disputes, adjustments and rules through committers: what is read back is what the core decided.

Before each command the organization is read from the database and put to the core; after it, it is read again. Two
committers take turns, one of which forgets everything at once, so that no field may live in a cache alone.
"""

import asyncio
import random
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import pytest
from msgspec.structs import replace

from commcredits.core.account import Account, BalanceAlerts, ChargingTerms, Context, FundingTerms, PauseReason
from commcredits.core.commands import (
    Adjust,
    ChoosePaymentMethods,
    CloseDispute,
    Command,
    OpenDispute,
    PaymentState,
    RecordPayment,
    RecordRefund,
    RequestRefund,
    RequestTopUp,
    SaveBalanceAlerts,
    SaveRechargeRule,
    SendTopUp,
    SwitchBilling,
)
from commcredits.core.decide import Subject, decide
from commcredits.core.outcomes import Adjusted, Done, Outcome, RefundTaken, RefusalCode, TopUpTaken
from commcredits.core.purchases import RefundOfTopUp, RefundState, TopUpAndLot, TopUpState
from commcredits.core.taxes import TaxRow, TaxTreatment
from commcredits.storage.committer import Committer
from commcredits.storage.committer_terms import CommitterTerms
from commcredits.storage.loading import load_accounts, load_refunds, load_top_ups
from tests.storage.committer.world import SHARD, World, execute_all, is_refused, new_id

UNIT: Final = 1_000_000
ROMANIA: Final = TaxRow(
    country="RO",
    effective_from=datetime(2020, 1, 1, tzinfo=UTC),
    treatment=TaxTreatment.ON_TOP_UP,
    rate_micros=210_000,
)
TERMS: Final = FundingTerms(
    top_up_minimum_micros={}, top_up_minimum_default_micros=UNIT, cool_down_seconds=0, taxes=(ROMANIA,)
)
FORGETFUL: Final = CommitterTerms(cached_accounts_max=1, cached_ended_sessions_max=1)
STEPS: Final = 120
_UUID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


@asynccontextmanager
async def committers(world: World, count: int = 2) -> AsyncIterator[list[Committer]]:
    """Committers of their own caches; the last one forgets."""
    async with AsyncExitStack() as stack:
        opened = []
        for number in range(count):
            committer = Committer(
                database_url=world.url,
                shard_id=SHARD,
                clock=world.clock,
                new_id=new_id,
                charging=ChargingTerms(),
                funding=TERMS,
                terms=FORGETFUL if number else None,
            )
            running = asyncio.create_task(committer.run())
            stack.push_async_callback(_ended, committer, running)
            opened.append(committer)
        yield opened


async def _ended(committer: Committer, running: "asyncio.Task[None]") -> None:
    await committer.close()
    await running


class Ledger:
    """One organization in the database, and what the core would make of it."""

    def __init__(self, world: World, organization_id: str) -> None:
        self.world = world
        self.organization_id = organization_id

    async def account(self) -> Account:
        return (await load_accounts(self.world.database, SHARD, [self.organization_id]))[self.organization_id].account

    async def ids(self, table: str, column: str) -> list[str]:
        rows = await self.world.database.fetch(
            f"select {column} from {table} where organization_id = $1 order by 1",  # noqa: S608 - words of this test
            self.organization_id,
        )
        return [str(row[0]) for row in rows]

    async def top_up(self, top_up_id: str) -> TopUpAndLot | None:
        found = await load_top_ups(self.world.database, SHARD, [(self.organization_id, top_up_id)])
        return found.get((self.organization_id, top_up_id))

    async def top_up_of(self, refund_id: str) -> str:
        found = await load_refunds(self.world.database, SHARD, [(self.organization_id, refund_id)])
        refund = found.get((self.organization_id, refund_id))
        return new_id() if refund is None else refund.top_up_id

    async def subject(self, command: Command) -> Subject:
        match command:
            case CloseDispute():
                return await self.top_up(command.top_up_id)
            case RecordRefund():
                refunds = await load_refunds(self.world.database, SHARD, [(self.organization_id, command.refund_id)])
                refund = refunds.get((self.organization_id, command.refund_id))
                known = None if refund is None else await self.top_up(refund.top_up_id)
                return None if refund is None or known is None else RefundOfTopUp(refund=refund, top_up=known.top_up)
            case SendTopUp() | RecordPayment() | RequestRefund() | OpenDispute():
                known = await self.top_up(command.top_up_id)
                return None if known is None else known.top_up
            case _:
                return None

    async def do(self, committer: Committer, command: Command) -> Outcome:
        """Carry it out; AssertionError where the rows say anything else than the core."""
        before = await self.account()
        context = Context(now=self.world.clock.now, new_id=new_id, decks={}, charging=ChargingTerms(), funding=TERMS)
        decision = decide(before, await self.subject(command), command, context)
        outcome = await committer.execute(command)
        known = set(_UUID.findall(_json(before))) | set(_UUID.findall(_json(command)))
        assert _plain(outcome, known) == _plain(decision.outcome, known), command
        assert _plain(_in_order(await self.account()), known) == _plain(_in_order(decision.account), known), command
        for top_up in decision.top_ups:
            written = await self.top_up(top_up.top_up_id)
            assert written is None or _plain(written.top_up, known) == _plain(top_up, known), command
        return outcome


def _in_order(account: Account) -> Account:
    """The account with its purchases in one order, for theirs says nothing."""
    return replace(account, open_top_ups=tuple(sorted(account.open_top_ups, key=lambda each: each.top_up_id)))


def _json(value: Any) -> str:
    return msgspec.json.encode(value, order="deterministic").decode()


def _plain(value: Any, known: set[str]) -> str:
    """The value as text; an id that is not known was made in this very step, by whomever."""
    return _UUID.sub(lambda match: match[0] if match[0] in known else "new", _json(value))


class Play:
    """Random commands about what is there by now."""

    def __init__(self, ledger: Ledger, seed: int) -> None:
        self._ledger = ledger
        self._chance = random.Random(seed)

    async def command(self) -> Command:
        chance, organization = self._chance, self._ledger.organization_id
        top_ups = await self._ledger.ids("top_ups", "top_up_id") or [new_id()]
        refunds = await self._ledger.ids("refunds", "refund_id") or [new_id()]
        top_up_id = chance.choice(top_ups[-4:])
        of_top_up = {"organization_id": organization, "top_up_id": top_up_id}
        identified = {"organization_id": organization, "command_id": new_id()}
        match chance.randrange(13):
            case 0:
                return RequestTopUp(**identified, amount_micros=chance.randrange(1, 60) * UNIT, payment_method="card")
            case 1 | 2:
                state = chance.choice([PaymentState.SUCCEEDED, PaymentState.SUCCEEDED, *PaymentState])
                fee = chance.choice([0, 250_000])
                return RecordPayment(**of_top_up, state=state, gateway="simulator", retryable=True, fee_micros=fee)
            case 3:
                return SendTopUp(**of_top_up)
            case 4:
                amount = chance.choice([None, 10_000, 3 * UNIT])
                return RequestRefund(
                    **identified, top_up_id=top_up_id, amount_micros=amount, reason="r", requested_by="o"
                )
            case 5:
                state = chance.choice([each for each in RefundState if each is not RefundState.SENT]).value
                refund_id = chance.choice(refunds)
                owner = await self._ledger.top_up_of(refund_id)
                return RecordRefund(organization_id=organization, refund_id=refund_id, top_up_id=owner, state=state)
            case 6:
                return OpenDispute(**of_top_up, dispute_reference=f"dp_{chance.randrange(4)}")
            case 7:
                known = await self._ledger.top_up(top_up_id)
                reference = "" if known is None else known.top_up.dispute_reference
                lost = chance.randrange(60) * UNIT
                return CloseDispute(
                    **of_top_up, dispute_reference=reference, won=chance.random() < 0.5, lost_micros=lost
                )
            case 8:
                return Adjust(**identified, amount_micros=chance.choice([-9, -2, 4, 15]) * UNIT, reason="test")
            case 9:
                line = chance.choice([0, 0, 5 * UNIT])
                return SwitchBilling(**identified, post_usage=bool(line), credit_line_micros=line)
            case 10:
                amounts = tuple(chance.sample([UNIT, 5 * UNIT, 20 * UNIT], k=chance.randrange(3)))
                return SaveBalanceAlerts(**identified, amounts_micros=amounts)
            case 11:
                first, backup = chance.sample(["card", "second", ""], k=2)
                return ChoosePaymentMethods(**identified, payment_method=first, backup_payment_method=backup)
        return SaveRechargeRule(
            **identified,
            enabled=chance.random() < 0.8,
            recharge_amount_micros=chance.randrange(1, 20) * UNIT,
            trigger_amount_micros=chance.randrange(1, 20) * UNIT,
            monthly_cap_micros=chance.choice([None, 30 * UNIT]),
            payment_method="card",
            mode=chance.choice(["fixed", "to_target", "close_gap"]),
            target_amount_micros=25 * UNIT,
            backup_payment_method=chance.choice(["", "second"]),
            expiry_ahead_days=chance.choice([0, 30, 90]),
        )


@pytest.mark.parametrize("seed", range(3))
async def test_every_field_is_read_back_as_the_core_decided_it(world: World, seed: int) -> None:
    ledger = Ledger(world, await world.open_organization())
    play, chance = Play(ledger, seed), random.Random(seed)
    seen: set[str] = set()
    async with committers(world) as turns:
        for _ in range(STEPS):
            world.clock.advance(seconds=chance.choice([0, 1, 3_600]))
            command = await play.command()
            await ledger.do(chance.choice(turns), command)
            seen.add(type(command).__name__)
    assert len(seen) == 12, "not every command had its turn"
    await world.check_books()


def a_first_of_each(organization: str, top_up_id: str) -> list[Command]:
    """A command of each kind that carries an id of its own."""
    return [
        Adjust(organization_id=organization, command_id="give", amount_micros=5 * UNIT, reason="test"),
        RequestRefund(
            organization_id=organization,
            command_id="back",
            top_up_id=top_up_id,
            amount_micros=10 * UNIT,
            reason="asked",
            requested_by="operator",
        ),
        SaveBalanceAlerts(organization_id=organization, command_id="alerts", amounts_micros=(2 * UNIT, UNIT)),
        ChoosePaymentMethods(organization_id=organization, command_id="methods", payment_method="other"),
        SwitchBilling(organization_id=organization, command_id="line", post_usage=True, credit_line_micros=UNIT),
    ]


async def _paid(committer: Committer, organization: str) -> str:
    taken = await committer.execute(
        RequestTopUp(organization_id=organization, command_id="buy", amount_micros=50 * UNIT, payment_method="card")
    )
    assert isinstance(taken, TopUpTaken)
    assert taken.tax_micros == 10_500_000
    paid = RecordPayment(
        organization_id=organization, top_up_id=taken.top_up_id, state=PaymentState.SUCCEEDED, gateway="simulator"
    )
    assert isinstance(await committer.execute(paid), TopUpTaken)
    return taken.top_up_id


async def test_the_same_id_gets_the_first_answer_again_from_whoever_is_asked_and_other_content_a_conflict(
    world: World,
) -> None:
    ledger = Ledger(world, await world.open_organization())
    async with committers(world) as (warm, forgetful):
        top_up_id = await _paid(warm, ledger.organization_id)
        commands = a_first_of_each(ledger.organization_id, top_up_id)
        first = [await warm.execute(command) for command in commands]
        stands, journal = await ledger.account(), await world.count("journal")
        # The right to go to the gateway is given once.
        again = [replace(each, send=False) if isinstance(each, RefundTaken) else each for each in first]
        for committer in (warm, forgetful):
            assert [await committer.execute(command) for command in commands] == again
            assert await execute_all(committer, [*commands, *commands]) == [*again, *again]
        others = [
            replace(commands[0], amount_micros=-5 * UNIT),
            replace(commands[1], amount_micros=None),
            replace(commands[2], amounts_micros=()),
            replace(commands[3], payment_method="third"),
            replace(commands[4], credit_line_micros=2 * UNIT),
        ]
        refused = [await forgetful.execute(other) for other in others]
        assert all(is_refused(each, RefusalCode.CONFLICT) for each in refused)
    assert (await ledger.account(), await world.count("journal")) == (stands, journal)
    await world.check_books()


async def test_two_processes_refund_the_same_remainder_once(world: World) -> None:
    organization = await world.open_organization()
    async with committers(world) as (one, other):
        top_up_id = await _paid(one, organization)
        asked = [
            RequestRefund(
                organization_id=organization,
                command_id=f"back-{number}",
                top_up_id=top_up_id,
                amount_micros=30 * UNIT,
                reason="asked",
                requested_by="operator",
            )
            for number in range(6)
        ]
        outcomes = await asyncio.gather(
            *((one if number % 2 else other).execute(command) for number, command in enumerate(asked))
        )
    assert sum(isinstance(each, RefundTaken) for each in outcomes) == 1
    assert sum(is_refused(each, RefusalCode.NOTHING_TO_REFUND) for each in outcomes) == 5
    await world.check_books()


async def test_a_dispute_told_to_two_processes_at_once_freezes_once(world: World) -> None:
    ledger = Ledger(world, await world.open_organization())
    async with committers(world) as (one, other):
        top_up_id = await _paid(one, ledger.organization_id)
        opened = OpenDispute(organization_id=ledger.organization_id, top_up_id=top_up_id, dispute_reference="dp_1")
        outcomes = await asyncio.gather(*(each.execute(opened) for each in (one, other, one, other)))
        assert sorted(each.changed for each in outcomes if isinstance(each, Done)) == [False, False, False, True]
        known = await ledger.top_up(top_up_id)
        assert known is not None
        assert (known.top_up.state, known.top_up.disputed_micros) == (TopUpState.DISPUTED, 50 * UNIT)
        lost = CloseDispute(
            organization_id=ledger.organization_id,
            top_up_id=top_up_id,
            dispute_reference="dp_1",
            won=False,
            lost_micros=60_500_000,
        )
        outcomes = await asyncio.gather(*(each.execute(lost) for each in (one, other, one, other)))
        assert sorted(each.changed for each in outcomes if isinstance(each, Done)) == [False, False, False, True]
    assert await world.count("notices", "kind like 'dispute%'") == 2
    await world.check_books()


async def test_a_pause_survives_a_restart_and_is_told_once(world: World) -> None:
    ledger = Ledger(world, await world.open_organization(funds_micros=20 * UNIT))
    rule = SaveRechargeRule(
        organization_id=ledger.organization_id,
        command_id="rule",
        enabled=True,
        recharge_amount_micros=50 * UNIT,
        trigger_amount_micros=10 * UNIT,
        monthly_cap_micros=None,
        payment_method="card",
    )
    taking = Adjust(organization_id=ledger.organization_id, command_id="take", amount_micros=-15 * UNIT, reason="test")
    async with committers(world, 1) as (first,):
        await first.execute(rule)
        assert isinstance(await first.execute(taking), Adjusted)
    async with committers(world, 1) as (restarted,):
        assert isinstance(await restarted.execute(replace(taking, command_id="more", amount_micros=-UNIT)), Adjusted)
    account = await ledger.account()
    assert (account.recharge.paused, account.open_top_ups) == (PauseReason.ADJUSTMENT, ())
    assert account.alerts == BalanceAlerts(zero_told=False)
    assert await world.count("notices", "kind = 'recharge_paused'") == 1
