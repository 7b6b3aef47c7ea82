"""Organizations with something to tell, and the rows that telling leaves.

Knows how a notice comes about without its cause. Refuses to judge what becomes of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from commcredits.core.notices import Notice, NoticeKind
from commcredits.operations.notices import NoticeRecord, add_notices, list_notices
from commcredits.operations.recipients import Recipient, save_recipient
from commcredits.operations.services import Services
from commcredits.operations.telling_terms import TellingTerms
from tests.operations.office import Office

UNIT = 1_000_000
LOW: Mapping[str, str | int] = {"alert_micros": 25 * UNIT, "balance_micros": 24_500_000, "currency": "EUR"}


def that_tells(office: Office, **terms: Any) -> Services:
    """The office's services, with a mail server and whatever else is said."""
    return replace(office.services, telling=TellingTerms(**{"mails": True, **terms}))


async def notice(
    services: Services,
    organization_id: str,
    *,
    kind: NoticeKind = NoticeKind.BALANCE_LOW,
    key: str | None = None,
    facts: Mapping[str, str | int] = LOW,
) -> None:
    """Something to tell."""
    told = Notice(kind=kind, key=key or services.new_id(), facts=facts)
    assert await add_notices(services.pool, services, [(organization_id, told)]) == 1


async def recipient(services: Services, organization_id: str, address: str, *kinds: str, language: str = "") -> str:
    """The id of somebody who hears of these kinds."""
    saved = await save_recipient(
        services, organization_id=organization_id, address=address, language=language, kinds=kinds
    )
    assert isinstance(saved, Recipient), saved
    return saved.recipient_id


async def told(services: Services, organization_id: str, kind: str | None = None) -> tuple[NoticeRecord, ...]:
    """What there was to tell, oldest first."""
    page = await list_notices(services, organization_id=organization_id, kind=kind, cursor=None, limit=200)
    assert not isinstance(page, tuple)
    assert hasattr(page, "items"), page
    return tuple(reversed(page.items))


async def mailed(services: Services, organization_id: str) -> list[tuple[str, str, str]]:
    """Address, state and trouble of every mail, by address."""
    found = [
        (mail.address, mail.state, mail.trouble)
        for each in await told(services, organization_id)
        for mail in each.mails
    ]
    return sorted(found)
