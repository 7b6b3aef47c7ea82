"""A sandbox has play money and the rates of its organization, and nothing of it ever counts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from commcredits.core.commands import (
    Adjust,
    ChoosePaymentMethods,
    Command,
    ImportLot,
    RequestRefund,
    RequestTopUp,
    SaveRechargeRule,
    Service,
    SwitchBilling,
)
from commcredits.core.outcomes import Done, LotGranted, RefusalCode, Refused
from commcredits.operations.accounting import ExportForm, Period, export_period
from commcredits.operations.accounting_summary import sum_accounts, tax_on_use
from commcredits.operations.adjustments import request_adjustment
from commcredits.operations.api_keys import NewApiKey, create_api_key
from commcredits.operations.cost_decks import set_cost_deck
from commcredits.operations.fraud_desk import list_unusual_spend, watch_spend
from commcredits.operations.key_holders import KeyHolders
from commcredits.operations.key_secrets import read_key
from commcredits.operations.margin_reports import MarginReport, ask_for_margins, get_margins, make_margin_reports
from commcredits.operations.moving_in import import_lots
from commcredits.operations.number_stock import acquire_number, reserve_number
from commcredits.operations.organization_overview import overview_organizations
from commcredits.operations.organizations import list_organizations
from commcredits.operations.paging import Page
from commcredits.operations.payment_methods import add_payment_method, begin_adding_method
from commcredits.operations.sandboxes import (
    FIRST_PLAY_MONEY_MICROS,
    PLAY_MONEY_MAX_MICROS,
    Sandbox,
    get_sandbox,
    grant_play_money,
    open_sandbox,
)
from commcredits.operations.tariffs import RateDeckInfo, assign_rate_deck, draft_rate_deck
from commcredits.operations.verify import verify_books
from commcredits.operations.vouchers import redeem_voucher
from tests.operations.office import CALLEE, DECK, NOON, Office, new_id
from tests.operations.till import Till

NOBODY = "018f3c5e-8a70-7000-8000-000000000001"
NOT_ALLOWED = Refused(code=RefusalCode.SANDBOX_NOT_ALLOWED)


async def _sandbox(office: Office, organization_id: str) -> Sandbox:
    opened = await open_sandbox(office.services, organization_id=organization_id)
    assert isinstance(opened, Sandbox), opened
    return opened


async def test_a_sandbox_is_opened_once_with_play_money_and_the_same_rates(office: Office) -> None:
    real = await office.calling_organization(name="Exemplu SRL")
    assert await get_sandbox(office.services, organization_id=real) is None
    opened = await _sandbox(office, real)
    assert (opened.sandbox_of, opened.name, opened.currency) == (real, "Exemplu SRL (sandbox)", "EUR")
    assert opened.available_micros == FIRST_PLAY_MONEY_MICROS
    office.clock.advance(days=1)
    assert await _sandbox(office, real) == opened
    assert await get_sandbox(office.services, organization_id=opened.organization_id) == opened
    in_it = await office.call(opened.organization_id, "trial", 60)
    assert in_it.charged_micros == (await office.call(real, "real", 60)).charged_micros == 600_000
    assert await open_sandbox(office.services, organization_id=opened.organization_id) == NOT_ALLOWED


async def test_a_deck_that_the_organization_is_given_later_prices_its_sandbox_too(office: Office) -> None:
    real = await office.calling_organization()
    sandbox = (await _sandbox(office, real)).organization_id
    dearer = await office.deck(content=DECK.replace(b"0.60", b"1.20"))
    done = await assign_rate_deck(
        office.services, organization_id=real, command_id=new_id(), rate_deck_id=dearer.rate_deck_id
    )
    assert done == Done(changed=True)
    assert (await office.call(sandbox, "trial", 60)).charged_micros == 1_200_000


def _real_money(sandbox: str) -> list[Command]:
    place: dict[str, Any] = {"organization_id": sandbox, "command_id": new_id()}
    return [
        RequestTopUp(**place, amount_micros=50_000_000, payment_method=NOBODY),
        SaveRechargeRule(
            **place,
            enabled=True,
            recharge_amount_micros=50_000_000,
            trigger_amount_micros=10_000_000,
            monthly_cap_micros=500_000_000,
            payment_method=NOBODY,
        ),
        ChoosePaymentMethods(**place, payment_method=NOBODY),
        RequestRefund(**place, top_up_id=NOBODY, amount_micros=None, reason="x", requested_by="x"),
        Adjust(**place, amount_micros=1, reason="x"),
        SwitchBilling(**place, post_usage=True, credit_line_micros=1),
        ImportLot(
            **place,
            amount_micros=1,
            purchased_at=NOON,
            expires_at=NOON + timedelta(days=1),
            promotional=True,
        ),
    ]


@pytest.mark.parametrize("index", range(7))
async def test_no_command_moves_real_money_in_a_sandbox(office: Office, index: int) -> None:
    sandbox = (await _sandbox(office, await office.calling_organization())).organization_id
    assert await office.execute(_real_money(sandbox)[index]) == NOT_ALLOWED


async def test_nothing_real_is_asked_for_on_behalf_of_a_sandbox(till: Till) -> None:
    office = till.office
    sandbox = (await _sandbox(office, await office.calling_organization())).organization_id
    begun = await begin_adding_method(till.services, organization_id=sandbox, command_id=new_id(), gateway="simulator")
    added = await add_payment_method(till.services, organization_id=sandbox, gateway="simulator", reference="pm_1")
    adjusted = await request_adjustment(
        till.services,
        organization_id=sandbox,
        command_id=new_id(),
        amount_micros=1,
        reason="a test",
        requested_by="ana",
    )
    moved_in = await import_lots(till.services, organization_id=sandbox, source=_no_file())
    redeemed = await redeem_voucher(till.services, organization_id=sandbox, code="AAAA-AAAA-AAAA-AAAA-AAAA")
    reserved = await reserve_number(till.services, organization_id=sandbox, number="+40212345678")
    acquired = await acquire_number(till.services, organization_id=sandbox, number="+40212345678")
    assert begun == added == adjusted == moved_in == redeemed == reserved == acquired == NOT_ALLOWED


async def _no_file() -> AsyncIterator[bytes]:
    for piece in (b"",):
        assert piece, "nobody reads the file of a sandbox"
        yield piece


async def test_play_money_is_given_on_request_up_to_a_limit_and_once_for_each_request(office: Office) -> None:
    real = await office.calling_organization()
    sandbox = (await _sandbox(office, real)).organization_id
    rest = PLAY_MONEY_MAX_MICROS - FIRST_PLAY_MONEY_MICROS
    over = await grant_play_money(office.services, organization_id=real, command_id="a", amount_micros=rest + 1)
    assert isinstance(over, Refused)
    assert (over.code, over.facts["maximum_micros"]) == (RefusalCode.AMOUNT_ABOVE_MAXIMUM, rest)
    granted = [
        await grant_play_money(office.services, organization_id=which, command_id="b", amount_micros=1_000_000)
        for which in (real, sandbox)
    ]
    assert isinstance(granted[0], LotGranted)
    assert granted[0] == granted[1]
    there = await get_sandbox(office.services, organization_id=real)
    assert isinstance(there, Sandbox)
    assert there.available_micros == FIRST_PLAY_MONEY_MICROS + 1_000_000
    without = await office.calling_organization()
    assert (
        await grant_play_money(office.services, organization_id=without, command_id="c", amount_micros=1) == NOT_ALLOWED
    )


async def test_a_sandbox_counts_nowhere_and_its_books_agree_all_the_same(office: Office) -> None:
    deck = DECK + f"{CALLEE[1:]},Toll-free,toll_free_in,0.60,0,1,1,2020-01-01,\n".encode()
    real = (await office.organization()).organization_id
    published = await office.deck(content=deck)
    await assign_rate_deck(
        office.services, organization_id=real, command_id=new_id(), rate_deck_id=published.rate_deck_id
    )
    costs = await draft_rate_deck(office.services, command_id=new_id(), name="Costs", currency="EUR", lines=[DECK])
    assert isinstance(costs, RateDeckInfo)
    await set_cost_deck(office.services, rate_deck_id=costs.rate_deck_id, in_force_at=NOON - timedelta(days=9))
    before = await _counted(office)
    office.clock.now = NOON
    sandbox = (await _sandbox(office, real)).organization_id
    await office.call(sandbox, "trial", 600)
    await office.call(sandbox, "drain", 600, service=Service.TOLL_FREE_IN)
    assert await _counted(office) == before
    assert sandbox not in str(before)
    verified = await verify_books(office.services)
    assert verified.discrepancies == ()
    assert verified.organizations == 2
    await office.services.pool.execute(
        "update accounts set posted_micros = posted_micros + 1 where organization_id = $1", sandbox
    )
    spoiled = await verify_books(office.services)
    assert {each.organization_id for each in spoiled.discrepancies} == {sandbox}


async def _counted(office: Office) -> tuple[object, ...]:
    """What the operator counts: organizations, the journal for accountants, sums of accounts, revenue, margins."""
    office.clock.now = NOON + timedelta(hours=12)
    period = Period(begins=NOON - timedelta(days=1), ends=office.clock.now)
    listed = await list_organizations(office.services, cursor=None, limit=50)
    assert isinstance(listed, Page)
    pieces = await export_period(office.services, period, ExportForm.CSV)
    assert not isinstance(pieces, Refused)
    journal = b"".join([piece async for piece in pieces])
    summed = await sum_accounts(office.services, period)
    taxed = await tax_on_use(office.services, period)
    watched = await overview_organizations(office.services, cursor=None, limit=50)
    assert isinstance(watched, Page)
    await watch_spend(office.services)
    spent = await list_unusual_spend(office.services)
    asked = await ask_for_margins(office.services, currency="EUR", begins_at=period.begins, ends_at=period.ends)
    assert isinstance(asked, MarginReport)
    await make_margin_reports(office.services)
    made = await get_margins(office.services, report_id=asked.report_id)
    assert isinstance(made, MarginReport)
    return listed.items, journal, summed, taxed, watched.items, spent, made.calls, made.result


async def test_a_sandbox_key_acts_on_the_sandbox_alone(office: Office) -> None:
    real = await office.calling_organization()
    content: dict[str, Any] = {"name": "Trial", "scopes": ("funds.read",), "is_sandbox": True}
    refused = await create_api_key(office.services, organization_id=real, **content)
    assert isinstance(refused, Refused)
    assert refused.facts["field"] == "sandbox"
    sandbox = (await _sandbox(office, real)).organization_id
    made = await create_api_key(office.services, organization_id=real, **content)
    assert isinstance(made, NewApiKey)
    shown = read_key(made.secret)
    holder = None if shown is None else await KeyHolders(office.services).of_key(shown)
    assert holder is not None
    assert holder.actor(edge="api", source="").organization_id == sandbox
