"""What the operator sets is what operations are given: nothing that can be chosen is left at its default."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

from pydantic import SecretStr

from commcredits.main.composition import open_services_and_committer
from commcredits.operations.services import Services
from commcredits.settings import Settings
from tests.main.test_receipt_settings import SELLER

_CHOSEN: Final[Mapping[str, Any]] = {
    "slice_seconds": 60,
    "top_up_minimum": "10",
    "refund_policy": "none",
    "mail": {"host": "mail.example.com", "sender_address": "credits@example.com"},
    "seller": SELLER,
    "adjustment_limit": "7",
    "refund_limit": "0",
    "closing_remainder": "forfeit",
    "account_codes": {"customer_credits": "419"},
}
_TERMS: Final = {"funding", "charging", "payments", "rules", "receipts", "telling"}


async def test_operations_are_given_everything_that_an_operator_chose(database_url: str) -> None:
    terms = [each for each in dataclasses.fields(Services) if each.name in _TERMS]
    assert {each.name for each in terms} == _TERMS
    settings = Settings(database_url=SecretStr(database_url), **_CHOSEN)
    untouched = Settings(database_url=SecretStr(database_url))
    async with (
        open_services_and_committer(settings, role="test") as (services, _),
        open_services_and_committer(untouched, role="test") as (usual, _),
    ):
        for each in terms:
            assert getattr(services, each.name) != getattr(usual, each.name), each.name
        assert services.rules.adjustment_limit_micros == 7_000_000
        assert services.rules.refund_limit_micros == 0
        assert services.rules.closing_remainder.value == "forfeit"
        assert services.rules.account_codes == {"customer_credits": "419"}
