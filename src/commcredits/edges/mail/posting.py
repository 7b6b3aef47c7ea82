"""Hands letters to a mail server (SMTP submission, RFC 6409): one connection and one reader for each.

Knows the server's answers. Refuses to decide when to try again. What a server says is kept as its status alone: its
words may repeat an address.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from typing import Final, Literal

import aiosmtplib
from aiosmtplib.errors import (
    SMTPAuthenticationError,
    SMTPDataError,
    SMTPException,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)
from pydantic import SecretStr

from commcredits.edges.mail.invitations import write_invitation
from commcredits.edges.mail.letters import LetterWriter
from commcredits.edges.mail.messages import Sender, message_of
from commcredits.edges.mail.receipts import Attach
from commcredits.operations.invitation_mailing import InvitationLetter
from commcredits.operations.mailing import Handover, OwedMail, PutOff, Rejected, Taken

_PERMANENT: Final = range(500, 600)
_LEAVE_SECONDS_MAX: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """The server that takes mail; ``tls_context`` None trusts what this machine trusts."""

    host: str
    port: int
    tls: Literal["starttls", "tls", "none"]
    user: str
    password: SecretStr | None
    seconds: int
    tls_context: ssl.SSLContext | None = None


class SmtpPostman:
    """Writes letters and hands them over."""

    def __init__(
        self,
        server: MailServer,
        sender: Sender,
        *,
        writer: LetterWriter,
        clock: Callable[[], datetime],
        attach: Attach | None = None,
    ) -> None:
        self._server = server
        self._sender = sender
        self._writer = writer
        self._clock = clock
        self._attach = attach

    async def send(self, mail: OwedMail) -> Handover:
        """What became of the mail."""
        attachment = None if self._attach is None else await self._attach(mail)
        if isinstance(attachment, PutOff):
            return attachment
        message = message_of(mail, self._writer.write(mail), self._sender, self._clock(), attachment)
        return await self._hand_over(mail.address, message)

    async def send_invitation(self, letter: InvitationLetter) -> Handover:
        """What became of a letter with an invitation."""
        written = write_invitation(self._writer, letter)
        return await self._hand_over(letter.address, message_of(letter, written, self._sender, self._clock()))

    async def _hand_over(self, address: str, message: EmailMessage) -> Handover:
        client = self._client()
        try:
            async with asyncio.timeout(self._server.seconds):
                await client.connect()
                await client.sendmail(self._sender.address, [address], message.as_bytes())
        except TimeoutError:
            client.close()
            return PutOff(trouble="the mail server took too long")
        except ssl.SSLError:
            client.close()
            return PutOff(trouble="no encrypted way to the mail server")
        except (SMTPException, OSError) as error:
            client.close()
            return _refused(error)
        await _take_leave(client)
        return Taken()

    def _client(self) -> aiosmtplib.SMTP:
        server = self._server
        return aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            timeout=server.seconds,
            use_tls=server.tls == "tls",
            start_tls=server.tls == "starttls",
            tls_context=server.tls_context,
            username=server.user or None,
            password=None if server.password is None else server.password.get_secret_value(),
        )


async def _take_leave(client: aiosmtplib.SMTP) -> None:
    """The server has the mail: whatever it says now changes nothing."""
    with suppress(SMTPException, OSError, TimeoutError):
        await client.quit(timeout=_LEAVE_SECONDS_MAX)
    client.close()


def _refused(error: SMTPException | OSError) -> Handover:
    """For ever, where the server says so of this reader or this letter; anything else may change, or be set right."""
    match error:
        case SMTPRecipientsRefused(recipients=[first, *_]):
            status, trouble = first.code, f"the mail server answered {first.code} to the address"
        case SMTPDataError(code=code):
            status, trouble = code, f"the mail server answered {code} to the message"
        case _:
            return PutOff(trouble=_trouble(error))
    return Rejected(trouble=trouble) if status in _PERMANENT else PutOff(trouble=trouble)


def _trouble(error: SMTPException | OSError) -> str:
    """What went wrong, in words of ours and with the server's status."""
    match error:
        case SMTPAuthenticationError():
            return f"the mail server refused our name or password: {error.code}"
        case SMTPSenderRefused():
            return f"the mail server refused our sender address: {error.code}"
        case SMTPResponseException():
            return f"the mail server answered {error.code}"
        case _:
            return f"no way to the mail server: {type(error).__name__}"
