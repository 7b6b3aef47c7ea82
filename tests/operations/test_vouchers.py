"""A voucher becomes funds once, of one organization, whoever dies on the way; guessing finds nothing."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any, NoReturn

import pytest

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.voucher_codes import CODE_BITS, write_code
from commcredits.operations import vouchers
from commcredits.operations.billing_terms import change_currency
from commcredits.operations.closing import close_organization
from commcredits.operations.reports import Balance, list_lots, read_balance
from commcredits.operations.verify import verify_books
from commcredits.operations.voucher_batches import (
    Voucher,
    VoucherBatch,
    VoucherState,
    find_voucher,
    list_voucher_batches,
    void_voucher,
    void_voucher_batch,
)
from commcredits.operations.vouchers import (
    FAILURES_MAX,
    IssuedVouchers,
    RedeemedVoucher,
    VoucherTerms,
    complete_vouchers,
    issue_vouchers,
    redeem_voucher,
)
from tests.operations.office import NOON, Office, new_id

UNIT = 1_000_000
WRONG = write_code(12_345)


class BusyFor:
    """The account of one organization takes nothing now."""

    def __init__(self, office: Office, organization_id: str) -> None:
        self._executor = office.services.executor
        self._organization_id = organization_id

    async def execute(self, command: Any) -> Any:
        if command.organization_id == self._organization_id:
            return Refused(code=RefusalCode.BUSY)
        return await self._executor.execute(command)


class DyingExecutor:
    """The process dies between the claim and the funds."""

    async def execute(self, _command: Any) -> NoReturn:
        raise ConnectionResetError


def terms(**changes: Any) -> VoucherTerms:
    content = {"quantity": 3, "amount_micros": 5 * UNIT, "currency": "EUR", "lot_days": 90, **changes}
    return VoucherTerms(**{"redeem_until": NOON + timedelta(days=30), "note": "Trade fair", **content})


async def issued(office: Office, **changes: Any) -> IssuedVouchers:
    batch = await issue_vouchers(office.services, command_id=new_id(), terms=terms(**changes), issued_by="alice")
    assert isinstance(batch, IssuedVouchers), batch
    return batch


async def redeem(office: Office, organization_id: str, code: str) -> RedeemedVoucher | Refused:
    return await redeem_voucher(office.services, organization_id=organization_id, code=code)


async def posted(office: Office, organization_id: str) -> int:
    balance = await read_balance(office.services, organization_id=organization_id)
    assert isinstance(balance, Balance)
    return balance.posted_micros


async def refusal(office: Office, organization_id: str, code: str) -> tuple[str, Any]:
    refused = await redeem(office, organization_id, code)
    assert isinstance(refused, Refused), refused
    return refused.code.value, refused.facts.get("reason")


NOT_REDEEMABLE = ("voucher_not_valid", "not_redeemable")


async def test_a_code_becomes_promotional_funds_that_last_from_then_on(office: Office) -> None:
    organization = (await office.organization()).organization_id
    batch = await issued(office)
    office.clock.advance(days=10)
    redeemed = await redeem(office, organization, batch.codes[0].lower().replace("-", " "))

    assert isinstance(redeemed, RedeemedVoucher)
    assert (redeemed.amount_micros, redeemed.currency) == (5 * UNIT, "EUR")
    assert redeemed.expires_at == NOON + timedelta(days=100)
    lots = await list_lots(office.services, organization_id=organization)
    assert not isinstance(lots, Refused)
    assert [(lot.lot_id, lot.source.value, lot.free_micros) for lot in lots] == [
        (redeemed.lot_id, "promotion", 5 * UNIT)
    ]
    assert (await verify_books(office.services)).discrepancies == ()


async def test_the_same_code_again_is_answered_the_same_and_gives_nothing_more(office: Office) -> None:
    organization = (await office.organization()).organization_id
    code = (await issued(office)).codes[0]
    first = await redeem(office, organization, code)
    office.clock.advance(days=40)
    assert await redeem(office, organization, code) == first
    assert await posted(office, organization) == 5 * UNIT


async def test_of_many_organizations_that_redeem_one_code_at_once_one_gets_it(office: Office) -> None:
    organizations = [(await office.organization()).organization_id for _ in range(4)]
    for _ in range(5):
        code = (await issued(office)).codes[0]
        outcomes = await asyncio.gather(*(redeem(office, each, code) for each in organizations))
        assert sum(isinstance(each, RedeemedVoucher) for each in outcomes) == 1
    assert sum([await posted(office, each) for each in organizations]) == 25 * UNIT


async def test_one_organization_that_redeems_one_code_many_times_at_once_gets_it_once(office: Office) -> None:
    organization = (await office.organization()).organization_id
    code = (await issued(office)).codes[0]
    outcomes = await asyncio.gather(*(redeem(office, organization, code) for _ in range(8)))
    assert len({each.lot_id for each in outcomes if isinstance(each, RedeemedVoucher)}) == 1
    assert await posted(office, organization) == 5 * UNIT


@pytest.mark.parametrize("by", ["the same code", "a round", "both"])
async def test_a_process_that_dies_between_claim_and_funds_is_made_up_for_once(office: Office, by: str) -> None:
    organization, other = [(await office.organization()).organization_id for _ in range(2)]
    code = (await issued(office)).codes[0]
    dying = replace(office, services=replace(office.services, executor=DyingExecutor()))
    with pytest.raises(ConnectionResetError):
        await redeem(dying, organization, code)
    assert await posted(office, organization) == 0
    assert await refusal(office, other, code) == NOT_REDEEMABLE

    if by != "the same code":
        assert await complete_vouchers(office.services) == 1
    if by != "a round":
        assert isinstance(await redeem(office, organization, code), RedeemedVoucher)
    assert await complete_vouchers(office.services) == 0
    assert await posted(office, organization) == 5 * UNIT


async def test_claims_of_an_account_that_takes_nothing_keep_no_other_waiting(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vouchers, "_ROUND_MAX", 1)
    stuck, other = [(await office.organization()).organization_id for _ in range(2)]
    dying = replace(office, services=replace(office.services, executor=DyingExecutor()))
    codes = (await issued(office)).codes
    for number, code in enumerate(codes):
        with pytest.raises(ConnectionResetError):
            await redeem(dying, other if number == len(codes) - 1 else stuck, code)
    busy = replace(office.services, executor=BusyFor(office, stuck))
    assert await complete_vouchers(busy) == 1
    assert await posted(office, other) == 5 * UNIT
    assert await complete_vouchers(office.services) == 2


async def test_a_claim_that_the_account_refuses_leaves_the_voucher_to_others(office: Office) -> None:
    organization, other = [(await office.organization()).organization_id for _ in range(2)]
    code = (await issued(office)).codes[0]
    dying = replace(office, services=replace(office.services, executor=DyingExecutor()))
    with pytest.raises(ConnectionResetError):
        await redeem(dying, organization, code)
    await close_organization(office.services, organization_id=organization, requested_by="alice")

    assert await complete_vouchers(office.services) == 1
    assert await posted(office, organization) == 0
    assert isinstance(await redeem(office, other, code), RedeemedVoucher)
    assert await posted(office, other) == 5 * UNIT


async def test_a_claimed_voucher_holds_the_currency_that_it_was_claimed_in(office: Office) -> None:
    organization = (await office.organization()).organization_id
    code = (await issued(office)).codes[0]
    dying = replace(office, services=replace(office.services, executor=DyingExecutor()))
    with pytest.raises(ConnectionResetError):
        await redeem(dying, organization, code)
    refused = await change_currency(office.services, organization_id=organization, currency="RON")
    assert isinstance(refused, Refused)
    assert (refused.code, refused.facts["reason"]) == (RefusalCode.CURRENCY_FIXED, "voucher")


async def test_no_reason_tells_a_guesser_which_codes_there_are(office: Office) -> None:
    organization, other = [(await office.organization()).organization_id for _ in range(2)]
    lei = (await issued(office, currency="RON")).codes[0]
    used, void, late = (await issued(office)).codes
    await redeem(office, other, used)
    await void_voucher(office.services, code=void, voided_by="alice")
    assert [await refusal(office, organization, code) for code in (lei, used, void, WRONG)] == [NOT_REDEEMABLE] * 4
    office.clock.advance(days=30)
    assert await refusal(office, organization, late) == NOT_REDEEMABLE
    assert await refusal(office, organization, "K" + late[1:]) == ("voucher_not_valid", "mistyped")


async def test_guessing_is_stopped_for_an_hour_and_for_nobody_else(office: Office) -> None:
    organization, other = [(await office.organization()).organization_id for _ in range(2)]
    mine, theirs, _ = (await issued(office)).codes
    guesses = [write_code(1_000 + number) for number in range(FAILURES_MAX + 5)]
    outcomes = await asyncio.gather(*(refusal(office, organization, code) for code in guesses))
    assert outcomes.count(NOT_REDEEMABLE) == FAILURES_MAX
    assert await refusal(office, organization, mine) == ("too_many_attempts", None)
    assert isinstance(await redeem(office, other, theirs), RedeemedVoucher)
    office.clock.advance(minutes=59)
    assert await refusal(office, organization, mine) == ("too_many_attempts", None)
    office.clock.advance(minutes=1)
    assert isinstance(await redeem(office, organization, mine), RedeemedVoucher)


async def test_a_slip_of_the_finger_is_no_guess(office: Office) -> None:
    organization = (await office.organization()).organization_id
    code = (await issued(office)).codes[0]
    for _ in range(FAILURES_MAX * 2):
        assert (await refusal(office, organization, code[:-1]))[1] == "mistyped"
    assert isinstance(await redeem(office, organization, code), RedeemedVoucher)


async def test_codes_are_kept_nowhere(office: Office) -> None:
    batch = await issued(office)
    rows = await office.services.pool.fetch("select v::text || b::text as all_of_it from vouchers v, voucher_batches b")
    written = " ".join(row["all_of_it"] for row in rows)
    for code in batch.codes:
        assert code not in written
        assert code.replace("-", "") not in written


async def test_ten_thousand_codes_are_issued_at_once_and_no_two_are_alike(office: Office) -> None:
    batch = await issued(office, quantity=10_000)
    assert len(set(batch.codes)) == 10_000
    page = await list_voucher_batches(office.services, cursor=None, limit=10)
    assert not isinstance(page, Refused)
    assert page.items[0].open_count == 10_000


async def test_the_same_command_issues_nothing_twice_and_names_the_batch(office: Office) -> None:
    first = await issue_vouchers(office.services, command_id="fair", terms=terms(), issued_by="alice")
    assert isinstance(first, IssuedVouchers)
    again = await issue_vouchers(office.services, command_id="fair", terms=terms(), issued_by="alice")
    assert isinstance(again, Refused)
    assert (again.code, again.facts["batch_id"]) == (RefusalCode.CONFLICT, first.batch_id)


async def test_an_operator_sees_what_became_of_a_batch_and_voids_the_rest(office: Office) -> None:
    organization = (await office.organization()).organization_id
    batch = await issued(office)
    await redeem(office, organization, batch.codes[0])
    found = await find_voucher(office.services, code=batch.codes[0])
    assert isinstance(found, Voucher)
    assert (found.state, found.redeemed_by) == (VoucherState.REDEEMED, organization)

    voided = await void_voucher_batch(office.services, batch_id=batch.batch_id, voided_by="bob")
    assert isinstance(voided, VoucherBatch)
    assert (voided.open_count, voided.redeemed_count, voided.voided_count) == (0, 1, 2)
    assert await refusal(office, organization, batch.codes[1]) == NOT_REDEEMABLE
    too_late = await void_voucher(office.services, code=batch.codes[0], voided_by="bob")
    assert isinstance(too_late, Refused)
    assert too_late.facts["reason"] == "redeemed"
    unknown = await void_voucher_batch(office.services, batch_id=new_id(), voided_by="bob")
    assert isinstance(unknown, Refused)


async def test_a_voucher_that_is_voided_while_it_is_redeemed_is_one_of_both(office: Office) -> None:
    organization = (await office.organization()).organization_id
    redeemed = 0
    for _ in range(8):
        batch = await issued(office, quantity=1)
        outcome, _voided = await asyncio.gather(
            redeem(office, organization, batch.codes[0]),
            void_voucher_batch(office.services, batch_id=batch.batch_id, voided_by="bob"),
        )
        redeemed += isinstance(outcome, RedeemedVoucher)
        found = await find_voucher(office.services, code=batch.codes[0])
        assert isinstance(found, Voucher)
        assert (found.state is VoucherState.REDEEMED) == isinstance(outcome, RedeemedVoucher)
    assert await posted(office, organization) == redeemed * 5 * UNIT


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"quantity": 0}, "quantity"),
        ({"quantity": 10_001}, "quantity"),
        ({"lot_days": 0}, "lot_days"),
        ({"currency": "euro"}, "currency"),
        ({"redeem_until": NOON}, "redeem_until"),
        ({"redeem_until": NOON + timedelta(days=4_000)}, "redeem_until"),
        ({"note": "a\nb"}, "note"),
    ],
)
async def test_bad_terms_are_refused_by_name(office: Office, changes: dict[str, Any], field: str) -> None:
    refused = await issue_vouchers(office.services, command_id="c", terms=terms(**changes), issued_by="alice")
    assert isinstance(refused, Refused)
    assert (refused.code, refused.facts["field"]) == (RefusalCode.INVALID_INPUT, field)


@pytest.mark.parametrize("amount_micros", [0, -1, 10_000_000_001])
async def test_vouchers_of_nothing_or_too_much_are_refused(office: Office, amount_micros: int) -> None:
    changed = terms(amount_micros=amount_micros)
    assert isinstance(await issue_vouchers(office.services, command_id="c", terms=changed, issued_by="alice"), Refused)


@pytest.mark.parametrize(
    "code", ["", "x", "0" * 1_000, "'; drop table vouchers;--", "\x00", "ＡＢＣ", write_code(7)[:-1]]
)
async def test_text_that_is_no_code_asks_nobody(office: Office, code: str) -> None:
    organization = (await office.organization()).organization_id
    assert await refusal(office, organization, code) == ("voucher_not_valid", "mistyped")
    assert CODE_BITS == 95
