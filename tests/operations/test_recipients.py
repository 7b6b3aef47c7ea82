"""Recipients are chosen one by one, are few, and belong to their organization alone."""

from __future__ import annotations

import asyncio

import pytest

from commcredits.core.mail_addresses import is_mail_address
from commcredits.core.outcomes import Done, RefusalCode, Refused
from commcredits.operations.handing_on import hand_on_notices
from commcredits.operations.recipients import (
    RECIPIENTS_MAX,
    Recipient,
    Recipients,
    list_recipients,
    remove_recipient,
    save_recipient,
)
from tests.operations.office import Office
from tests.operations.telling import mailed, notice, recipient, that_tells


@pytest.mark.parametrize(
    "address",
    ["a@b.ro", "ana.pop+credits@mail.example.com", "o'neil@example.co.uk", "x_1-2@1a.example", "A@EXAMPLE.com",
     "a" * 64 + "@example.com", "a@xn--bcher-kva.example"],
)  # fmt: skip
def test_plain_addresses_are_taken(address: str) -> None:
    assert is_mail_address(address)


async def _known(office: Office, organization: str) -> Recipients:
    found = await list_recipients(office.services, organization_id=organization)
    assert isinstance(found, Recipients), found
    return found


async def test_a_recipient_hears_of_all_in_the_organizations_language_unless_told_otherwise(office: Office) -> None:
    organization = (await office.organization(language="ro")).organization_id
    saved = await save_recipient(office.services, organization_id=organization, address="ana@example.com")
    assert isinstance(saved, Recipient)
    assert (saved.language, saved.kinds) == ("ro", ("all",))


async def test_the_same_address_gets_a_new_choice_and_no_second_mail(office: Office) -> None:
    services = that_tells(office)
    organization = (await office.organization()).organization_id
    first = await recipient(services, organization, "ana@example.com", "disputes")
    second = await recipient(services, organization, "Ana@Example.com", "balance", "balance_low", language="en")
    assert first == second
    (only,) = (await _known(office, organization)).chosen
    assert (only.address, only.language, only.kinds) == ("Ana@Example.com", "en", ("balance", "balance_low"))
    await notice(services, organization)
    await hand_on_notices(services)
    assert [address for address, _state, _trouble in await mailed(services, organization)] == ["Ana@Example.com"]


async def test_there_are_never_more_than_twenty_however_many_are_saved_at_once(office: Office) -> None:
    organization = (await office.organization()).organization_id
    saved = await asyncio.gather(
        *(
            save_recipient(office.services, organization_id=organization, address=f"reader-{number}@example.com")
            for number in range(RECIPIENTS_MAX + 10)
        )
    )
    assert sum(isinstance(each, Recipient) for each in saved) == RECIPIENTS_MAX
    chosen = (await _known(office, organization)).chosen
    assert len(chosen) == RECIPIENTS_MAX
    again = await save_recipient(office.services, organization_id=organization, address=chosen[0].address)
    assert isinstance(again, Recipient)


async def test_whoever_is_removed_gets_not_even_what_waits(office: Office) -> None:
    services = that_tells(office)
    organization = (await office.organization()).organization_id
    ana = await recipient(services, organization, "ana@example.com")
    await recipient(services, organization, "bob@example.com")
    await notice(services, organization)
    await hand_on_notices(services)
    done = await remove_recipient(services, organization_id=organization, recipient_id=ana)
    assert done == Done(changed=True)
    assert [address for address, _state, _trouble in await mailed(services, organization)] == ["bob@example.com"]
    assert await remove_recipient(services, organization_id=organization, recipient_id=ana) == Done(changed=False)


async def test_nobody_removes_another_organizations_recipient(office: Office) -> None:
    organization = (await office.organization()).organization_id
    other = (await office.organization("Other")).organization_id
    ana = await recipient(office.services, organization, "ana@example.com")
    done = await remove_recipient(office.services, organization_id=other, recipient_id=ana)
    assert done == Done(changed=False)
    assert len((await _known(office, organization)).chosen) == 1


async def test_while_nobody_is_chosen_the_list_says_who_hears_of_everything(office: Office) -> None:
    organization = (await office.organization()).organization_id
    assert await _known(office, organization) == Recipients(chosen=(), default_address=None)
    await office.services.pool.execute(
        "insert into billing_details values (0, $1, $2, now())", organization, '{"mail": "billing@example.com"}'
    )
    assert (await _known(office, organization)).default_address == "billing@example.com"
    await recipient(office.services, organization, "ana@example.com")
    assert (await _known(office, organization)).default_address is None


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"address": "ana@example.com\r\nBcc: all@example.com"}, "address"),
        ({"language": "fr"}, "language"),
        ({"kinds": ("balance_high",)}, "kinds"),
    ],
)
async def test_what_is_wrong_is_named(office: Office, wrong: dict[str, str], field: str) -> None:
    organization = (await office.organization()).organization_id
    content = {"address": "ana@example.com", **wrong}
    refused = await save_recipient(office.services, organization_id=organization, **content)
    assert isinstance(refused, Refused)
    assert (refused.code, refused.facts["field"]) == (RefusalCode.INVALID_INPUT, field)
