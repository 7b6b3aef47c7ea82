"""What the operator's console rests on: two people, one verification at a time, jobs, margins, spending, forgetting."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from commcredits.columnar.engine import ColumnarMissingError
from commcredits.core.access import Actor, ActorKind, Role, permissions_of
from commcredits.core.commands import Service
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.operations import margins, verification_runs
from commcredits.operations.adjustments import Adjustment, AdjustmentState, approve_adjustment, request_adjustment
from commcredits.operations.adjustments_overview import list_all_adjustments
from commcredits.operations.cost_decks import cost_spans, list_cost_decks, set_cost_deck
from commcredits.operations.forgetting import forget_gateway_messages
from commcredits.operations.fraud_desk import list_all_blocks, list_unusual_spend, watch_spend
from commcredits.operations.jobs import Diary, Job, list_jobs
from commcredits.operations.live_calls import list_live_calls, sum_live_calls
from commcredits.operations.margin_reports import (
    MarginReport,
    MarginResult,
    ask_for_margins,
    get_margins,
    make_margin_reports,
)
from commcredits.operations.organization_overview import overview_organizations
from commcredits.operations.organizations import Organization
from commcredits.operations.payments_overview import list_all_disputes, list_open_attempts, list_open_refunds
from commcredits.operations.rate_deck_life import discard_draft, publish_draft
from commcredits.operations.service_health import measure_health
from commcredits.operations.tariffs import RateDeckInfo, assign_rate_deck, draft_rate_deck
from commcredits.operations.telling_overview import list_failed_tellings
from commcredits.operations.verification_runs import (
    RunState,
    ask_nightly,
    list_verifications,
    run_asked_verifications,
    run_verification,
)
from commcredits.operations.verify import Verification
from tests.operations.office import CALLEE, DECK, HEADER, NOON, Office, new_id

UNIT: Final = 1_000_000
COSTS: Final = f"{HEADER}\n44,United Kingdom,outbound,0.66,0,1,1,2020-01-01,\n".encode()


def somebody(actor_id: str, name: str, kind: ActorKind = ActorKind.PERSON) -> Actor:
    """One of the operator's people, by one way in."""
    role = Role.OPERATOR_OWNER
    permissions = permissions_of((role,))
    return Actor(kind=kind, actor_id=actor_id, name=name, permissions=permissions, roles=(role,), proved_at=NOON)


ANA: Final = somebody("staff:1", "Ana Popescu")
BOB: Final = somebody("staff:2", "bob")
SHARED: Final = somebody("operator:operator", "operator", ActorKind.KEY)
TERMINAL: Final = somebody("terminal:root", "root", ActorKind.TERMINAL)


def code_of(outcome: Any) -> RefusalCode:
    assert isinstance(outcome, Refused), outcome
    return outcome.code


async def asked(office: Office, organization: str, actor: Actor, *, units: int = 500, name: str = "") -> Adjustment:
    given = await request_adjustment(
        office.services.acting_as(actor),
        organization_id=organization,
        command_id=new_id(),
        amount_micros=units * UNIT,
        reason="goodwill",
        requested_by=name or actor.name,
    )
    assert isinstance(given, Adjustment), given
    return given


async def agrees(office: Office, pending: Adjustment, actor: Actor, name: str = "") -> Adjustment | Refused:
    return await approve_adjustment(
        office.services.acting_as(actor),
        organization_id=pending.organization_id,
        adjustment_id=pending.adjustment_id,
        approved_by=name or actor.name,
    )


@pytest.mark.parametrize(
    ("first", "second", "name"),
    [
        (ANA, ANA, "somebody else"),
        (SHARED, TERMINAL, "bob"),
        (TERMINAL, SHARED, "operator"),
        (TERMINAL, replace(TERMINAL, actor_id="terminal:bob", name="bob"), "bob"),
        (ANA, somebody("operator:ana", "ANA POPESCU", ActorKind.KEY), "ANA POPESCU"),
    ],
)
async def test_one_person_stays_one_by_whatever_name_and_over_whatever_interface(
    office: Office, first: Actor, second: Actor, name: str
) -> None:
    organization = (await office.organization()).organization_id
    pending = await asked(office, organization, first)
    assert code_of(await agrees(office, pending, second, name)) is RefusalCode.SECOND_PERSON_REQUIRED
    applied = await agrees(office, pending, BOB)
    assert isinstance(applied, Adjustment)
    assert applied.state is AdjustmentState.APPLIED


async def test_other_names_do_not_raise_what_one_person_may_do_alone(office: Office) -> None:
    organization = (await office.organization()).organization_id
    states = [(await asked(office, organization, ANA, units=60, name=name)).state for name in ("ana", "eva", "ion")]
    assert states == [AdjustmentState.APPLIED, AdjustmentState.PENDING, AdjustmentState.PENDING]
    listed = await list_all_adjustments(office.services.acting_as(ANA), waiting_only=True, cursor=None, limit=10)
    assert not isinstance(listed, Refused)
    assert [each.is_own for each in listed.items] == [True, True]


async def test_one_verification_runs_at_a_time_over_all_processes_and_each_is_kept(office: Office) -> None:
    outcomes = await asyncio.gather(*(run_verification(office.services) for _ in range(4)))
    done = [each for each in outcomes if isinstance(each, Verification)]
    refused = {code_of(each) for each in outcomes if isinstance(each, Refused)}
    assert len(done) >= 1
    assert refused <= {RefusalCode.BUSY}
    listed = await list_verifications(office.services, cursor=None, limit=10)
    assert not isinstance(listed, Refused)
    assert [run.state for run in listed.items] == [RunState.AGREED] * len(done)
    assert isinstance(await run_verification(office.services), Verification), "the right to verify was given back"


async def test_a_run_whose_process_died_is_told_as_cut_short(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    async def dies(*_args: object, **_fields: object) -> Verification:
        raise ConnectionResetError

    with monkeypatch.context() as patched:
        patched.setattr(verification_runs, "verify_books", dies)
        with pytest.raises(ConnectionResetError):
            await run_verification(office.services)
    await office.services.pool.execute("update verify_runs set state = 'running', ended_at = null")
    assert isinstance(await run_verification(office.services), Verification)
    listed = await list_verifications(office.services, cursor=None, limit=10)
    assert not isinstance(listed, Refused)
    assert [run.state for run in listed.items] == [RunState.AGREED, RunState.FAILED]


async def test_the_verification_of_a_night_is_asked_for_once_and_carried_out(office: Office) -> None:
    assert [await ask_nightly(office.services, hour=3) for _ in range(2)] == [1, 0]
    assert await run_asked_verifications(office.services) == 1
    assert await ask_nightly(office.services, hour=3) == 0
    office.clock.advance(hours=24)
    assert await ask_nightly(office.services, hour=3) == 1


async def test_a_diary_adds_up_runs_and_failures_in_a_row_and_loses_nothing_while_the_database_is_away(
    office: Office,
) -> None:
    diary = Diary(office.services)

    def note(failure: str = "", did: int = 0) -> None:
        diary.note("expire_lots", interval_seconds=1, began_at=office.clock.now, did=did, failure=failure)

    async def job() -> Job:
        jobs = await list_jobs(office.services)
        assert not isinstance(jobs, Refused)
        return jobs[0]

    note(did=3)
    note("ValueError")
    await diary.write()
    assert ((await job()).runs, (await job()).did, (await job()).failures) == (2, 3, 1)
    broken = replace(office.services, shard_id=100_000)  # no shard: the statement fails
    diary.services = broken
    note("ValueError\n")
    with pytest.raises(Exception, match=r"shard|range|int"):
        await diary.write()
    diary.services = office.services
    note("OSError")
    await diary.write()
    known = await job()
    assert (known.runs, known.failures, known.failure) == (4, 3, "OSError")
    note()
    await diary.write()
    assert ((await job()).failures, (await job()).is_well) == (0, True)
    office.clock.advance(minutes=5)
    assert (await job()).is_late


async def drafted(office: Office, content: bytes = COSTS) -> RateDeckInfo:
    deck = await draft_rate_deck(office.services, command_id=new_id(), name="Costs", currency="EUR", lines=[content])
    assert isinstance(deck, RateDeckInfo), deck
    return deck


async def test_a_cost_deck_is_neither_assigned_nor_published_nor_discarded(office: Office) -> None:
    organization: Organization = await office.organization()
    deck = await drafted(office)
    for _ in range(2):
        made = await set_cost_deck(office.services, rate_deck_id=deck.rate_deck_id)
        assert isinstance(made, RateDeckInfo)
        assert made.in_force_at == NOON
    place: dict[str, Any] = {"rate_deck_id": deck.rate_deck_id, "command_id": new_id()}
    assigned = await assign_rate_deck(office.services, organization_id=organization.organization_id, **place)
    assert code_of(assigned) is RefusalCode.RATE_DECK_NOT_PUBLISHED
    assert code_of(await publish_draft(office.services, **place)) is RefusalCode.RATE_DECK_NOT_DRAFT
    discarded = await discard_draft(office.services, rate_deck_id=deck.rate_deck_id)
    assert code_of(discarded) is RefusalCode.RATE_DECK_NOT_DRAFT
    published = await office.deck()
    refused = await set_cost_deck(office.services, rate_deck_id=published.rate_deck_id)
    assert code_of(refused) is RefusalCode.RATE_DECK_NOT_DRAFT


async def test_the_later_of_two_cost_decks_ends_the_earlier(office: Office) -> None:
    first, second = await drafted(office), await drafted(office)
    await set_cost_deck(office.services, rate_deck_id=first.rate_deck_id, in_force_at=NOON - timedelta(days=10))
    await set_cost_deck(office.services, rate_deck_id=second.rate_deck_id, in_force_at=NOON - timedelta(days=5))
    decks = await list_cost_decks(office.services, currency="EUR")
    assert not isinstance(decks, Refused)
    spans = cost_spans(decks, NOON - timedelta(days=20), NOON)
    assert [(span.rate_deck_id, (span.ends_at - span.begins_at).days) for span in spans] == [
        (first.rate_deck_id, 5),
        (second.rate_deck_id, 5),
    ]
    assert cost_spans(decks, NOON - timedelta(days=20), NOON - timedelta(days=10)) == ()


async def _margins(office: Office) -> MarginResult:
    report = await ask_for_margins(
        office.services, currency="EUR", begins_at=NOON - timedelta(days=1), ends_at=NOON + timedelta(days=1)
    )
    assert isinstance(report, MarginReport), report
    assert await make_margin_reports(office.services) == 1
    made = await get_margins(office.services, report_id=report.report_id)
    assert isinstance(made, MarginReport)
    assert made.result is not None, made.failure
    return made.result


@pytest.mark.slow
async def test_margins_add_up_alike_in_columns_and_call_by_call_the_worst_first(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    tomorrow = NOON + timedelta(days=1)
    none = await ask_for_margins(office.services, currency="EUR", begins_at=NOON, ends_at=tomorrow)
    assert code_of(none) is RefusalCode.UNKNOWN_COST_DECK
    organization = ""
    for name, calls in (("Much", 3), ("Little", 1)):
        organization = await office.calling_organization(name=name)
        for each in range(calls):
            await office.call(organization, f"{name}-{each}", 60)
    await office.authorise(organization, "running")
    await office.authorise(organization, "refused", callee="+8821600000")
    await set_cost_deck(
        office.services, rate_deck_id=(await drafted(office)).rate_deck_id, in_force_at=NOON - timedelta(days=9)
    )
    in_columns = await _margins(office)

    def missing(*_args: object) -> None:
        raise ColumnarMissingError

    monkeypatch.setattr(margins, "open_rater", missing)
    assert await _margins(office) == in_columns
    # Four minutes at 0.60, that cost 0.66 each.
    charged = in_columns.charged
    assert (charged.calls, charged.charged_micros, charged.cost_micros) == (4, 2_400_000, 2_640_000)
    assert [(row.name, row.margin_micros) for row in in_columns.organizations] == [
        ("Much", -180_000),
        ("Little", -60_000),
    ]
    assert (in_columns.uncosted_calls, in_columns.included.calls) == (0, 0)


async def test_calls_without_a_cost_rate_are_counted_and_cost_nothing(office: Office) -> None:
    organization = await office.calling_organization()
    await office.call(organization, "one", 60)
    other = await drafted(office, COSTS.replace(b"44,United Kingdom", b"1,United States"))
    await set_cost_deck(office.services, rate_deck_id=other.rate_deck_id, in_force_at=NOON - timedelta(days=9))
    result = await _margins(office)
    assert (result.uncosted_calls, result.uncosted_charged_micros) == (1, 600_000)
    assert result.charged.cost_micros == 0


async def test_money_that_anybody_can_drain_from_outside_is_named(office: Office) -> None:
    deck = DECK + f"{CALLEE[1:]},Toll-free,toll_free_in,0.60,0,1,1,2020-01-01,\n".encode()
    organization = await office.organization(name="Drained")
    await office.grant(organization.organization_id, 50 * UNIT)
    published = await office.deck("EUR", deck)
    await assign_rate_deck(
        office.services,
        organization_id=organization.organization_id,
        command_id=new_id(),
        rate_deck_id=published.rate_deck_id,
    )
    plain = await office.calling_organization(name="Plain")
    await office.call(plain, "usual", 600)
    # A switch that reports nothing in between is granted, and so charged for, five minutes.
    await office.call(organization.organization_id, "drain", 600, service=Service.TOLL_FREE_IN)
    assert await watch_spend(office.services) == 2
    spenders = await list_unusual_spend(office.services)
    assert not isinstance(spenders, Refused)
    assert [(each.organization_name, each.toll_free_micros) for each in spenders] == [("Drained", 3 * UNIT)]
    office.clock.advance(hours=25)
    assert await watch_spend(office.services) == 0
    assert await list_unusual_spend(office.services) == ()


async def test_old_messages_of_gateways_are_forgotten_but_for_those_that_are_not_dealt_with(office: Office) -> None:
    messages = [new_id() for _ in range(3)]
    for message, state in zip(messages, ("done", "failed", "waiting"), strict=True):
        await office.services.pool.execute(
            "insert into gateway_messages values (0, '00000000-0000-0000-0000-000000000000', $1, 'simulator', '{}',"
            " 'body', now())",
            message,
        )
        await office.services.pool.execute(
            "insert into gateway_events (shard_id, organization_id, gateway_event_id, gateway, event_id, kind,"
            " object_reference, occurred_at, noted_at, message_id, state, next_try_at)"
            " values (0, '00000000-0000-0000-0000-000000000000', $1, 'simulator', $2, 'charge_succeeded', 'x', now(),"
            " now(), $3, $4, now())",
            new_id(),
            message,
            message,
            state,
        )
    office.clock.advance(days=90)
    assert await forget_gateway_messages(office.services, kept_days=550) == 0
    office.clock.advance(days=550)
    assert await forget_gateway_messages(office.services, kept_days=550) == 1
    kept = await office.services.pool.fetch("select message_id from gateway_messages order by message_id")
    assert [str(row["message_id"]) for row in kept] == messages[1:]


async def test_live_calls_of_all_organizations_tell_who_is_silent_and_hide_the_other_party(office: Office) -> None:
    german = await office.calling_organization(country="DE")
    await office.authorise(german, "hidden", switch="kamailio:edge")
    calls = await list_live_calls(office.services)
    assert not isinstance(calls, Refused)
    assert [(call.callee, call.is_silent) for call in calls] == [(f"{CALLEE[:-3]}***", False)]
    office.clock.advance(hours=1)
    silent = await list_live_calls(office.services, silent_only=True)
    assert not isinstance(silent, Refused)
    assert [call.session_id for call in silent] == ["hidden"]
    totals = await sum_live_calls(office.services)
    assert not isinstance(totals, Refused)
    assert (totals.calls, totals.silent_calls) == (1, 1)


async def test_a_global_administrator_is_refused_by_every_operation_of_the_console(office: Office) -> None:
    organization = (await office.organization()).organization_id
    administrator = Actor(
        kind=ActorKind.PERSON,
        actor_id="administrator:1",
        name="ana",
        permissions=permissions_of((Role.GLOBAL_ADMINISTRATOR,)),
        organization_id=organization,
        roles=(Role.GLOBAL_ADMINISTRATOR,),
    )
    services = office.services.acting_as(administrator)
    listed: dict[str, Any] = {"cursor": None, "limit": 10}
    outcomes = [
        await overview_organizations(services, **listed),
        await measure_health(services),
        await list_jobs(services),
        await list_live_calls(services, organization_id=organization),
        await sum_live_calls(services),
        await list_all_blocks(services, in_force=True, **listed),
        await list_unusual_spend(services),
        await list_all_adjustments(services, waiting_only=True, **listed),
        await list_open_attempts(services, **listed),
        await list_all_disputes(services, **listed),
        await list_open_refunds(services, **listed),
        await list_failed_tellings(services, way="mail", **listed),
        await list_verifications(services, **listed),
        await run_verification(services),
        await list_cost_decks(services),
    ]
    assert {code_of(outcome) for outcome in outcomes} == {RefusalCode.NOT_PERMITTED}
