"""Letters with invitations: each claimed by one worker, sent, tried again later, given up in the end.

Knows what became of a letter. Refuses to know what it says. Its link's token is made for each try and kept nowhere:
only a digest is, so that neither the database nor a copy of it opens an invitation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

import asyncpg
import structlog
from pydantic import SecretStr

from commcredits.core.access import Role
from commcredits.operations.administrator_records import invitation_link
from commcredits.operations.mailing import (
    AT_ONCE_MAX,
    CLAIM_SECONDS,
    TROUBLE_CHARACTERS_MAX,
    Handover,
    PutOff,
    Taken,
)
from commcredits.operations.retrying import retry_at
from commcredits.operations.services import Services
from commcredits.operations.visits import digest_of, new_secret
from commcredits.storage.connection import load_statement

WAITS_SECONDS: Final[Sequence[int]] = (60, 300, 900, 3_600, 14_400, 43_200)
"""How long a letter that was not taken waits after each try; after the last it has failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationLetter:
    """A letter to write and to hand over. ``organization_name`` is empty for the operator's staff."""

    mail_id: str
    organization_name: str
    time_zone: str
    address: str = field(repr=False)
    name: str
    language: str
    roles: tuple[Role, ...]
    invited_by: str
    expires_at: datetime
    link: SecretStr = field(repr=False)


class InvitationPostman(Protocol):
    """Whoever writes such letters and hands them to a mail server."""

    async def send_invitation(self, letter: InvitationLetter) -> Handover:
        """What became of it, in less time than a claim lasts."""
        ...


async def mail_invitations(services: Services, postman: InvitationPostman) -> int:
    """Send the letters that are due, some at a time; returns how many were tried."""
    now = services.clock()
    until = now + timedelta(seconds=CLAIM_SECONDS)
    rows = await services.pool.fetch(load_statement("claim_invitations"), services.shard_id, now, until, AT_ONCE_MAX)
    for row in rows:
        await _send(services, postman, row)
    return len(rows)


async def _send(services: Services, postman: InvitationPostman, row: asyncpg.Record) -> None:
    place = (services.shard_id, row["organization_id"])
    token = new_secret(services)
    await services.pool.execute(
        load_statement("insert_invitation_token"), *place, digest_of(token), row["invitation_id"]
    )
    letter = InvitationLetter(
        mail_id=f"{row['invitation_id']}.{row['attempts']}",
        organization_name=row["organization_name"],
        time_zone=row["time_zone"],
        address=row["address"],
        name=row["name"],
        language=row["language"],
        roles=tuple(Role(word) for word in row["roles"]),
        invited_by=row["invited_by"],
        expires_at=row["expires_at"],
        link=SecretStr(invitation_link(services, token)),
    )
    log = structlog.get_logger("mail").bind(invitation_id=str(row["invitation_id"]))
    try:
        handover = await postman.send_invitation(letter)
    except Exception as error:
        # One letter that cannot be written keeps no other from being sent.
        log.exception("invitation failed inside")
        handover = PutOff(trouble=f"internal error: {type(error).__name__}")
    now = services.clock()
    again = retry_at(now, WAITS_SECONDS, tries=row["attempts"], name=str(row["invitation_id"]))
    if isinstance(handover, Taken):
        state, trouble, next_at = "sent", "", now
    elif isinstance(handover, PutOff) and again is not None:
        state, trouble, next_at = "waiting", handover.trouble, again
    else:
        state, trouble, next_at = "failed", handover.trouble, now
    if state != "sent":
        log.warning("invitation not sent", state=state, trouble=trouble)
    await services.pool.execute(
        load_statement("settle_invitation_mail"),
        *place,
        row["invitation_id"],
        row["attempts"],
        state,
        next_at,
        trouble[:TROUBLE_CHARACTERS_MAX],
    )
