"""What the worker tells people and programs with: a postman where there is a mail server, and a carrier of webhooks.

Knows settings and the edges that send. Refuses to know what is told.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Final

from commcredits.edges.mail.letters import LetterWriter
from commcredits.edges.mail.messages import Sender
from commcredits.edges.mail.posting import MailServer, SmtpPostman
from commcredits.edges.mail.receipts import receipts_of
from commcredits.edges.webhooks.carrying import HttpCarrier
from commcredits.edges.worker.rounds import Round
from commcredits.operations.invitation_mailing import mail_invitations
from commcredits.operations.mailing import Mailing
from commcredits.operations.services import Services
from commcredits.operations.webhook_delivering import WebhookDelivering
from commcredits.settings import Settings
from commcredits.settings.mail import MailSettings

_INTERVAL_SECONDS: Final = 0.5
_USER_AGENT: Final = "commcredits"


@contextlib.asynccontextmanager
async def telling_rounds(settings: Settings, services: Services) -> AsyncIterator[tuple[Round, ...]]:
    """The rounds that send; on leaving, what is being sent is waited for."""
    async with contextlib.AsyncExitStack() as stack:
        carrier = HttpCarrier(user_agent=_USER_AGENT)
        stack.push_async_callback(carrier.aclose)
        delivering = WebhookDelivering(services, carrier)
        stack.push_async_callback(delivering.aclose)
        rounds = [Round(name="deliver_webhooks", interval_seconds=_INTERVAL_SECONDS, run=delivering.run)]
        if settings.mail is not None:
            postman = _postman(settings.mail, settings.origin(), services)
            mailing = Mailing(services, postman)
            stack.push_async_callback(mailing.aclose)
            rounds.append(Round(name="send_mails", interval_seconds=_INTERVAL_SECONDS, run=mailing.run))
            rounds.append(
                Round(
                    name="mail_invitations",
                    interval_seconds=_INTERVAL_SECONDS,
                    run=lambda: mail_invitations(services, postman),
                )
            )
        yield tuple(rounds)


def _postman(mail: MailSettings, public_url: str, services: Services) -> SmtpPostman:
    server = MailServer(
        host=mail.host,
        port=mail.port_in_use,
        tls=mail.tls,
        user=mail.user,
        password=mail.password,
        seconds=mail.seconds,
    )
    sender = Sender(address=mail.sender_address, name=mail.sender_name, reply_to=mail.reply_to)
    writer = LetterWriter(public_url=public_url)
    return SmtpPostman(server, sender, writer=writer, clock=services.clock, attach=receipts_of(services))
