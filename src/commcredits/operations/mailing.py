"""Mails on their way: each claimed by one worker, sent once, tried again later, given up in the end.

Knows what became of a mail. Refuses to know what a letter says and how a mail server is spoken to: a postman does. A
claim ends by itself after some minutes, so that a mail of a worker that was killed is tried by another; it carries the
same Message-ID, by which the reader's mailbox knows one letter that came twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

import asyncpg
import structlog

from commcredits.operations.crew import Crew, wait_for_any
from commcredits.operations.notices import NoticeToTell, notice_to_tell
from commcredits.operations.retrying import retry_at
from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement

AT_ONCE_MAX: Final = 4
"""Most mails handed over at once; a mail server counts connections."""

CLAIM_SECONDS: Final = 300
"""How long a mail belongs to who claimed it; longer than one mail may take to be handed over."""

WAITS_SECONDS: Final[Sequence[int]] = (60, 300, 900, 3_600, 14_400, 43_200)
"""How long a mail that was not taken waits after each try; after the last it has failed."""

TROUBLE_CHARACTERS_MAX: Final = 200

_WAIT_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedMail:
    """A mail to write and to hand over: one notice to one reader."""

    mail_id: str
    notice: NoticeToTell
    organization_name: str
    time_zone: str
    address: str
    language: str
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The mail server has taken the mail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PutOff:
    """The mail was not taken now; another time it may be. ``trouble`` says why, without an address."""

    trouble: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """The mail server will never take this mail. ``trouble`` says why, without an address."""

    trouble: str


Handover = Taken | PutOff | Rejected


class Postman(Protocol):
    """Whoever writes letters and hands them to a mail server."""

    async def send(self, mail: OwedMail) -> Handover:
        """What became of it, in less time than a claim lasts."""
        ...


class Mailing:
    """Sends what is owed. ``run`` is a round; ``aclose`` waits for who is at it."""

    def __init__(self, services: Services, postman: Postman) -> None:
        self._services = services
        self._postman = postman
        self._crew = Crew(AT_ONCE_MAX)

    async def run(self) -> int:
        """Send mails that are due until none is left; returns how many were tried."""
        count = 0
        while True:
            rows: list[asyncpg.Record] = await self._claim() if self._crew.free else []
            for row in rows:
                mail = _owed(row)
                self._crew.begin(mail.mail_id, self._send(mail))
            if not self._crew.busy:
                return count + self._crew.take_done()
            await wait_for_any(_WAIT_SECONDS, self._crew)
            count += self._crew.take_done()
            if not rows and self._crew.free:
                return count

    async def aclose(self) -> None:
        """Wait for those that are being sent, for a while."""
        await self._crew.aclose()

    async def _claim(self) -> list[asyncpg.Record]:
        now = self._services.clock()
        until = now + timedelta(seconds=CLAIM_SECONDS)
        statement = load_statement("claim_mails")
        return await self._services.pool.fetch(statement, self._services.shard_id, now, until, self._crew.free)

    async def _send(self, mail: OwedMail) -> None:
        log = structlog.get_logger("mail").bind(mail_id=mail.mail_id, kind=mail.notice.kind)
        try:
            handover = await self._postman.send(mail)
        except Exception as error:
            # One letter that cannot be written keeps no other from being sent.
            log.exception("mail failed inside")
            handover = PutOff(trouble=f"internal error: {type(error).__name__}")
        now = self._services.clock()
        again = retry_at(now, WAITS_SECONDS, tries=mail.attempts, name=mail.mail_id)
        if isinstance(handover, Taken):
            await self._settle(mail, "sent", settled_at=now, trouble="")
        elif isinstance(handover, PutOff) and again is not None:
            log.info("mail put off", attempts=mail.attempts, trouble=handover.trouble)
            await self._settle(mail, "waiting", next_at=again, trouble=handover.trouble)
        else:
            log.warning("mail failed", attempts=mail.attempts, trouble=handover.trouble)
            await self._settle(mail, "failed", settled_at=now, trouble=handover.trouble)

    async def _settle(
        self,
        mail: OwedMail,
        state: str,
        *,
        trouble: str,
        next_at: datetime | None = None,
        settled_at: datetime | None = None,
    ) -> None:
        await self._services.pool.execute(
            load_statement("settle_mail"),
            self._services.shard_id,
            mail.notice.organization_id,
            mail.mail_id,
            mail.attempts,
            state,
            next_at or self._services.clock(),
            settled_at,
            trouble[:TROUBLE_CHARACTERS_MAX],
        )


def _owed(row: asyncpg.Record) -> OwedMail:
    return OwedMail(
        mail_id=str(row["mail_id"]),
        notice=notice_to_tell(row),
        organization_name=row["name"],
        time_zone=row["time_zone"],
        address=row["address"],
        language=row["language"],
        attempts=row["attempts"],
    )
