"""A payment that waits for its payer, found by its id alone: approved on a fresh page, told, never anybody else's."""

import httpx
import pytest

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.purchases import TopUpState
from commcredits.operations.approvals import find_sent_top_up, resume_sent_top_up
from commcredits.storage.payments import TopUpRecord
from tests.operations.office import new_id
from tests.operations.till import Till


def _back(till: Till) -> str:
    return f"{till.services.payments.origin}/portal/billing/approve/x/done"


async def _waiting(till: Till) -> TopUpRecord:
    organization = await till.organization()
    bought = await till.buy(organization, await till.card(organization, "sim_authenticate"))
    assert bought.state is TopUpState.ACTION_REQUIRED
    return bought


async def test_a_payment_is_found_by_its_id_and_names_its_organization(till: Till) -> None:
    bought = await _waiting(till)
    await _waiting(till)
    found = await find_sent_top_up(till.services, top_up_id=bought.top_up_id)
    assert found == bought


async def test_the_payer_gets_a_page_and_what_they_approve_there_is_told_when_asked(till: Till) -> None:
    bought = await _waiting(till)
    resumed = await resume_sent_top_up(till.services, top_up_id=bought.top_up_id, return_url=_back(till))
    assert isinstance(resumed, TopUpRecord)
    async with httpx.AsyncClient() as browser:
        answer = await browser.post(resumed.action_url, data={"decision": "approve"})
    assert answer.status_code == 200
    before = await find_sent_top_up(till.services, top_up_id=bought.top_up_id)
    assert before is not None
    after = await find_sent_top_up(till.services, top_up_id=bought.top_up_id, asks_gateway=True)
    assert after is not None
    assert after.state is TopUpState.SUCCEEDED
    again = await resume_sent_top_up(till.services, top_up_id=bought.top_up_id, return_url=_back(till))
    assert isinstance(again, Refused)
    assert again.code is RefusalCode.PAYMENT_NOT_OPEN


async def test_the_payer_is_led_back_to_this_installation_alone(till: Till) -> None:
    bought = await _waiting(till)
    answer = await resume_sent_top_up(till.services, top_up_id=bought.top_up_id, return_url="https://evil.example/")
    assert isinstance(answer, Refused)
    assert answer.code is RefusalCode.INVALID_INPUT


@pytest.mark.parametrize("top_up_id", ["", "1", "x' or 1=1", "00000000-0000-0000-0000-000000000000", "\x00"])
async def test_what_never_was_is_not_found(till: Till, top_up_id: str) -> None:
    assert await find_sent_top_up(till.services, top_up_id=top_up_id, asks_gateway=True) is None
    answer = await resume_sent_top_up(till.services, top_up_id=top_up_id, return_url=_back(till))
    assert isinstance(answer, Refused)
    assert answer.code is RefusalCode.UNKNOWN_TOP_UP


async def test_another_id_finds_nothing_of_a_payment_that_waits(till: Till) -> None:
    await _waiting(till)
    assert await find_sent_top_up(till.services, top_up_id=new_id()) is None
