"""Receipts that go with the mail of a purchase.

Knows which purchase a mail is about, and that its receipt is issued a moment after it. Refuses to write documents.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from commcredits.core.notices import NoticeKind
from commcredits.operations.notices import NoticeToTell
from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement

WITH_RECEIPT: Final = frozenset({NoticeKind.TOP_UP_SUCCEEDED.value, NoticeKind.RECHARGE_SUCCEEDED.value})
"""Kinds whose mails bring a receipt."""

RECEIPT_AWAITED_SECONDS: Final = 5
"""How long the mail of a purchase waits at first, so that its receipt is there."""

RECEIPT_AWAITED_MINUTES_MAX: Final = 15
"""After how long it goes without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailedReceipt:
    """The receipt that goes with a mail, if any; ``awaited`` while it is owed and not issued yet."""

    number: str | None = None
    awaited: bool = False


async def receipt_of_mail(services: Services, notice: NoticeToTell) -> MailedReceipt:
    """The receipt of the purchase that a notice is about; none for other notices, and where none are issued."""
    top_up_id = notice.facts.get("top_up_id")
    if notice.kind not in WITH_RECEIPT or services.receipts is None or top_up_id is None:
        return MailedReceipt()
    number: str | None = await services.pool.fetchval(
        load_statement("get_receipt_of_top_up"), services.shard_id, notice.organization_id, top_up_id
    )
    young = services.clock() - notice.noticed_at < timedelta(minutes=RECEIPT_AWAITED_MINUTES_MAX)
    return MailedReceipt(number=number, awaited=number is None and young)
