"""A letter as a message: header fields and two bodies, to one reader alone.

Knows the form of mail (RFC 5322, RFC 2045) and what says that nobody typed it (RFC 3834). Refuses to know servers. The
Message-ID is made of the mail's own id, so that a letter that is sent twice is the same letter.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final, Protocol

from commcredits.core.mail_addresses import domain_of
from commcredits.edges.mail.letters import Letter
from commcredits.operations.inputs import UNSHOWABLE

PDF: Final = ("application", "pdf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Whom mail is from, and where answers go; empty: to the sender."""

    address: str
    name: str
    reply_to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that goes with a letter."""

    name: str
    content: bytes


class Addressed(Protocol):
    """A mail as its header fields see it: its own id, its reader's address and language."""

    @property
    def mail_id(self) -> str:
        """Which letter it is, in letters, digits, points and hyphens."""
        ...

    @property
    def address(self) -> str:
        """Whose it is."""
        ...

    @property
    def language(self) -> str:
        """What it is written in."""
        ...


def message_of(
    mail: Addressed, letter: Letter, sender: Sender, now: datetime, attachment: Attachment | None = None
) -> EmailMessage:
    """The message. ValueError for what cannot stand in a header field, which no line of ours holds."""
    message = EmailMessage(policy=SMTP)
    message["From"] = _address(sender.address, sender.name)
    message["To"] = _address(mail.address, "")
    if sender.reply_to:
        message["Reply-To"] = _address(sender.reply_to, "")
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{mail.mail_id}@{domain_of(sender.address)}>"
    # Answered by no holiday notice, kept out of no inbox.
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(letter.text, cte="quoted-printable")
    message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    if attachment is not None:
        maintype, subtype = PDF
        message.add_attachment(attachment.content, maintype=maintype, subtype=subtype, filename=attachment.name)
    # Last, for fields of content move into the first part when there is more than one.
    message["Content-Language"] = mail.language
    # The library decodes encoded words (RFC 2047) in what it is given, line breaks too, and writes them as they are.
    if any(UNSHOWABLE.search(str(value)) for value in message.values()):
        raise ValueError("a header field would hold what ends it")
    return message


def _address(address: str, name: str) -> Address:
    """The address with its name, put together from parts: nothing of it is read again."""
    local, _at, domain = address.rpartition("@")
    return Address(display_name=name, username=local, domain=domain)
