"""Payment methods over the simulated gateway: added on its page, chosen, replaced, removed, never anybody else's."""

import asyncio
from dataclasses import replace

import pytest

from commcredits.core.outcomes import Done, RefusalCode, Refused
from commcredits.gateways.protocol import Detached, NotFound, Unavailable
from commcredits.operations.funding import add_funds
from commcredits.operations.payment_method_roles import (
    choose_payment_methods,
    detach_removed_methods,
    remove_payment_method,
    replace_payment_method,
)
from commcredits.operations.payment_methods import (
    MethodSetup,
    add_payment_method,
    begin_adding_method,
    find_payment_method,
    finish_adding_methods,
    list_payment_methods,
    read_expiring_methods,
)
from commcredits.storage.payment_methods import read_payment_methods, read_rule_methods
from commcredits.storage.payments import PaymentMethodRecord, TopUpRecord
from tests.operations.office import SHARD, new_id
from tests.operations.till import FIFTY, Till


def _code(outcome: object) -> RefusalCode:
    assert isinstance(outcome, Refused), outcome
    return outcome.code


async def test_what_was_entered_on_the_gateways_page_is_kept_once_and_the_first_is_the_default(till: Till) -> None:
    organization = await till.organization()
    first = await till.card(organization)
    second = await till.card(organization, "sim_ok_second")
    again = await finish_adding_methods(till.services, organization_id=organization, gateway="simulator")
    assert isinstance(again, tuple)
    assert [each.payment_method_id for each in again] == [first.payment_method_id, second.payment_method_id]
    assert [each.is_default for each in again] == [True, False]
    assert (first.last4, first.fingerprint != "", first.customer_reference != "") == ("0001", True, True)


async def test_two_that_finish_at_once_keep_each_card_once(till: Till) -> None:
    organization = await till.organization()
    await till.card(organization)
    customer = (await till.card(organization, "sim_ok_second")).customer_reference
    await till.control.attach_card(customer, "sim_expiring")
    await asyncio.gather(
        *(finish_adding_methods(till.services, organization_id=organization, gateway="simulator") for _ in range(2))
    )
    methods = await read_payment_methods(till.services.pool, SHARD, organization)
    assert sorted(each.last4 for each in methods) == ["0001", "0002", "0003"]


async def test_several_that_begin_at_once_share_one_customer_and_the_same_command_gets_the_same_page(
    till: Till,
) -> None:
    organization = await till.organization()
    command = new_id()
    begun = await asyncio.gather(
        *(
            begin_adding_method(till.services, organization_id=organization, command_id=command, gateway="simulator")
            for _ in range(4)
        )
    )
    pages = {each.hosted_url for each in begun if isinstance(each, MethodSetup)}
    assert len(pages) == 1
    assert next(iter(pages)) not in repr(begun)
    customers = await till.services.pool.fetchval("select count(*) from gateway_customers")
    assert customers == 1


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/portal",
        "http://127.0.0.1:8080@evil.example/",
        "http://127.0.0.1:8080.evil.example/",
        "//evil.example/",
        "javascript:alert(1)",
        "http://127.0.0.1:8080\\@evil.example/",
        "http://127.0.0.1:8080/\r\nLocation: http://evil.example",
        "http://[",
        "/portal",
    ],
)
async def test_a_payer_is_led_back_to_our_own_pages_alone(till: Till, url: str) -> None:
    organization = await till.organization()
    begun = await begin_adding_method(
        till.services, organization_id=organization, command_id=new_id(), gateway="simulator", return_url=url
    )
    assert _code(begun) is RefusalCode.INVALID_INPUT


async def test_nobody_adopts_sees_or_chooses_anothers_method(till: Till) -> None:
    ours, theirs = await till.organization("Ours"), await till.organization("Theirs")
    foreign = await till.card(theirs)
    own = await till.card(ours)
    adopted = await add_payment_method(
        till.services, organization_id=ours, gateway="simulator", reference=foreign.reference
    )
    assert _code(adopted) is RefusalCode.UNKNOWN_PAYMENT_METHOD
    # Another card of the same foreign customer, which nobody has stored yet.
    unstored = await till.control.attach_card(foreign.customer_reference, "sim_ok_second")
    adopted = await add_payment_method(
        till.services, organization_id=ours, gateway="simulator", reference=unstored.reference
    )
    assert _code(adopted) is RefusalCode.UNKNOWN_PAYMENT_METHOD
    chosen = await choose_payment_methods(
        till.services,
        organization_id=ours,
        command_id=new_id(),
        default_id=foreign.payment_method_id,
        backup_id=own.payment_method_id,
    )
    assert _code(chosen) is RefusalCode.UNKNOWN_PAYMENT_METHOD
    removed = await remove_payment_method(
        till.services, organization_id=ours, payment_method_id=foreign.payment_method_id
    )
    assert _code(removed) is RefusalCode.UNKNOWN_PAYMENT_METHOD
    listed = await list_payment_methods(till.services, organization_id=ours)
    assert isinstance(listed, tuple)
    assert [each.payment_method_id for each in listed] == [own.payment_method_id]


async def test_a_method_that_a_rule_pays_with_cannot_be_removed_and_one_that_is_free_is_gone_for_good(
    till: Till,
) -> None:
    organization = await till.organization()
    first, backup = await till.card(organization), await till.card(organization, "sim_ok_second")
    await till.rule(organization, first.payment_method_id, backup.payment_method_id)
    for used in (first, backup):
        refused = await remove_payment_method(
            till.services, organization_id=organization, payment_method_id=used.payment_method_id
        )
        assert _code(refused) is RefusalCode.PAYMENT_METHOD_IN_USE
    await till.rule(organization, first.payment_method_id, enabled=False)
    for changed in (True, False):
        removed = await remove_payment_method(
            till.services, organization_id=organization, payment_method_id=backup.payment_method_id
        )
        assert removed == Done(changed=changed)
    assert isinstance(await till.gateway.describe_payment_method(backup.reference), NotFound)
    bought = await add_funds(
        till.services,
        organization_id=organization,
        command_id=new_id(),
        amount_micros=FIFTY,
        payment_method_id=backup.payment_method_id,
    )
    assert _code(bought) is RefusalCode.UNKNOWN_PAYMENT_METHOD
    finished = await finish_adding_methods(till.services, organization_id=organization, gateway="simulator")
    assert isinstance(finished, tuple)
    assert [each.payment_method_id for each in finished] == [first.payment_method_id]


async def test_a_method_with_an_open_attempt_cannot_be_removed(till: Till) -> None:
    organization = await till.organization()
    card = await till.card(organization, "sim_authenticate")
    await till.buy(organization, card)
    refused = await remove_payment_method(
        till.services, organization_id=organization, payment_method_id=card.payment_method_id
    )
    assert _code(refused) is RefusalCode.PAYMENT_METHOD_IN_USE


async def test_a_card_that_is_removed_while_it_buys_is_in_use_or_is_not_charged(till: Till) -> None:
    organization = await till.organization()
    for _ in range(5):
        card = await till.card(organization)
        before = len(await till.control.charges())
        bought, removed = await asyncio.gather(
            add_funds(
                till.services,
                organization_id=organization,
                command_id=new_id(),
                amount_micros=FIFTY,
                payment_method_id=card.payment_method_id,
            ),
            remove_payment_method(
                till.services, organization_id=organization, payment_method_id=card.payment_method_id
            ),
        )
        charged = len(await till.control.charges()) - before
        if charged and isinstance(removed, Done):
            # It was removed after the charge had been settled.
            assert not isinstance(bought, Refused)
            assert bought.state.value == "succeeded"
        if not charged:
            assert isinstance(removed, Done)


async def test_a_gateway_that_was_away_is_told_of_the_removal_later(till: Till) -> None:
    organization = await till.organization()
    card = await till.card(organization)

    class Away:
        """The gateway while nobody reaches it."""

        async def detach_payment_method(self, payment_method_reference: str) -> Unavailable:
            return Unavailable(detail=payment_method_reference)

    away = replace(till.services, gateways={"simulator": Away()})  # type: ignore[dict-item] # nothing else of it is asked
    await remove_payment_method(away, organization_id=organization, payment_method_id=card.payment_method_id)
    assert not isinstance(await till.gateway.describe_payment_method(card.reference), NotFound)
    refused = await find_payment_method(
        till.services, organization_id=organization, payment_method_id=card.payment_method_id
    )
    assert _code(refused) is RefusalCode.UNKNOWN_PAYMENT_METHOD
    assert await detach_removed_methods(till.services) == 1
    assert isinstance(await till.gateway.describe_payment_method(card.reference), NotFound)
    assert await detach_removed_methods(till.services) == 0


async def test_a_removal_that_breaks_its_gateway_keeps_no_other_from_being_told(till: Till) -> None:
    organization = await till.organization()
    cards = [await till.card(organization), await till.card(organization, "sim_ok_second")]

    class Breaking:
        """A plug-in that fails over one card."""

        async def detach_payment_method(self, payment_method_reference: str) -> Unavailable | Detached | NotFound:
            if not breaks:
                return Unavailable(detail="away")
            if payment_method_reference == cards[0].reference:
                raise ZeroDivisionError
            return await till.gateway.detach_payment_method(payment_method_reference)

    breaks = False
    gateways = {"simulator": Breaking()}
    services = replace(till.services, gateways=gateways)  # type: ignore[arg-type] # nothing else of it is asked
    for card in cards:
        await remove_payment_method(services, organization_id=organization, payment_method_id=card.payment_method_id)
    breaks = True
    with pytest.raises(ExceptionGroup, match="could not be told"):
        await detach_removed_methods(services)
    assert isinstance(await till.gateway.describe_payment_method(cards[1].reference), NotFound)
    assert not isinstance(await till.gateway.describe_payment_method(cards[0].reference), NotFound)


async def test_the_rule_follows_the_roles_and_both_must_pay_while_nobody_is_there(till: Till) -> None:
    organization = await till.organization()
    first, second = await till.card(organization), await till.card(organization, "sim_ok_second")
    by_hand = await till.by_hand(organization)
    await till.rule(organization, first.payment_method_id)

    async def choose(default_id: str, backup_id: str | None) -> Done | Refused:
        return await choose_payment_methods(
            till.services,
            organization_id=organization,
            command_id=new_id(),
            default_id=default_id,
            backup_id=backup_id,
        )

    same = await choose(first.payment_method_id, first.payment_method_id)
    assert _code(same) is RefusalCode.PAYMENT_METHOD_NOT_ALLOWED
    absent = await choose(first.payment_method_id, by_hand.payment_method_id)
    assert _code(absent) is RefusalCode.PAYMENT_METHOD_NOT_ALLOWED
    assert await choose(second.payment_method_id, first.payment_method_id) == Done(changed=True)
    assert await choose(second.payment_method_id, first.payment_method_id) == Done(changed=False)
    rule = await read_rule_methods(till.services.pool, SHARD, organization)
    assert rule is not None
    assert (rule.payment_method_id, rule.backup_payment_method_id) == (
        second.payment_method_id,
        first.payment_method_id,
    )
    listed = await list_payment_methods(till.services, organization_id=organization)
    assert isinstance(listed, tuple)
    assert [(each.last4, each.is_default, each.is_backup) for each in listed] == [
        ("0001", False, True),
        ("0002", True, False),
        ("", False, False),
    ]


async def test_a_replaced_card_hands_its_roles_on_and_is_removed(till: Till) -> None:
    organization = await till.organization()
    old, new = await till.card(organization), await till.card(organization, "sim_ok_second")
    await till.rule(organization, old.payment_method_id)
    command = new_id()
    for _ in range(2):
        replaced = await replace_payment_method(
            till.services,
            organization_id=organization,
            command_id=command,
            payment_method_id=old.payment_method_id,
            by=new.payment_method_id,
        )
        assert isinstance(replaced, PaymentMethodRecord), replaced
        assert (replaced.payment_method_id, replaced.is_default) == (new.payment_method_id, True)
    rule = await read_rule_methods(till.services.pool, SHARD, organization)
    assert rule is not None
    assert (rule.enabled, rule.payment_method_id) == (True, new.payment_method_id)
    assert isinstance(await till.gateway.describe_payment_method(old.reference), NotFound)
    kept = await read_payment_methods(till.services.pool, SHARD, organization, with_removed=True)
    assert [each.removed_at is None for each in kept] == [False, True]


async def test_cards_that_expire_this_month_or_next_are_found_and_removed_ones_are_not(till: Till) -> None:
    organization = await till.organization()
    card = await till.card(organization, "sim_expiring")
    await till.card(organization)
    assert card.expiry_year is not None
    assert card.expiry_month is not None
    now = till.office.clock.now.replace(year=card.expiry_year, month=card.expiry_month)
    month_before = now.replace(day=1) - (now.replace(day=2) - now.replace(day=1))
    for when in (now, month_before):
        (found,) = await read_expiring_methods(till.services, now=when)
        assert (found.organization_id, found.method.payment_method_id) == (organization, card.payment_method_id)
    assert (
        await read_expiring_methods(till.services, now=month_before.replace(day=1) - (now - now.replace(day=21))) == ()
    )
    await remove_payment_method(till.services, organization_id=organization, payment_method_id=card.payment_method_id)
    assert await read_expiring_methods(till.services, now=now) == ()


async def test_a_card_that_is_gone_at_the_gateway_is_gone_here(till: Till) -> None:
    organization = await till.organization()
    card = await till.card(organization)
    await till.gateway.detach_payment_method(card.reference)
    detached = [each for each in await till.events() if each.kind.value == "payment_method_detached"]
    assert len(detached) == 1
    await till.deliver(detached[0])
    listed = await list_payment_methods(till.services, organization_id=organization)
    assert listed == ()


async def test_a_purchase_asked_for_again_after_its_card_was_removed_is_still_that_purchase(till: Till) -> None:
    organization = await till.organization()
    card = await till.card(organization)

    async def buy(command_id: str) -> object:
        return await add_funds(
            till.services,
            organization_id=organization,
            command_id=command_id,
            amount_micros=FIFTY,
            payment_method_id=card.payment_method_id,
        )

    bought = await buy("the-same")
    assert isinstance(bought, TopUpRecord)
    assert await remove_payment_method(
        till.services, organization_id=organization, payment_method_id=card.payment_method_id
    ) == Done(changed=True)
    assert await buy("the-same") == bought
    other = await buy("another")
    assert isinstance(other, Refused)
    assert other.code is RefusalCode.UNKNOWN_PAYMENT_METHOD
    assert len(await till.control.charges()) == 1
