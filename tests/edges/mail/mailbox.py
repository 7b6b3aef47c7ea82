"""A real mail server on a port of this machine, which keeps what it took and refuses what it is told to."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass(slots=True)
class Mailbox:
    """What was taken, in order, and how the server behaves."""

    port: int = 0
    envelopes: list[tuple[str, list[str]]] = field(default_factory=list)
    messages: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    recipient_answers: list[str] = field(default_factory=list)
    """What the next recipients are answered; then all are taken."""
    data_answers: list[str] = field(default_factory=list)
    """What the next letters are answered; ``cut`` cuts the connection instead. Then all are taken."""
    take_before_cut: bool = False
    encrypted: list[bool] = field(default_factory=list)
    users: list[str] = field(default_factory=list)
    hold: asyncio.Event | None = None

    async def handle_RCPT(  # noqa: N802 - aiosmtpd looks it up by this name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take or refuse a recipient."""
        if self.recipient_answers:
            answer = self.recipient_answers.pop(0)
            if not answer.startswith("250"):
                return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd looks it up by this name
        """Take or refuse a letter."""
        answer = self.data_answers.pop(0) if self.data_answers else ""
        if self.hold is not None:
            await self.hold.wait()
        if answer == "cut":
            if self.take_before_cut:
                self._take(session, envelope)
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
            return "451 never heard"
        if answer:
            return answer
        self._take(session, envelope)
        return "250 OK"

    def _take(self, session: Session, envelope: Envelope) -> None:
        content = envelope.content
        assert isinstance(content, bytes)
        self.raw.append(content)
        self.envelopes.append((envelope.mail_from or "", list(envelope.rcpt_tos)))
        message = BytesParser(policy=policy.default).parsebytes(content)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        self.encrypted.append(session.ssl is not None)


@asynccontextmanager
async def mailbox(*, tls: ssl.SSLContext | None = None, password: str = "") -> AsyncIterator[Mailbox]:
    """A server that takes mail; with ``tls`` over STARTTLS alone, with ``password`` from ``credits`` alone."""
    box = Mailbox()

    def authenticate(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: Any) -> AuthResult:
        assert isinstance(given, LoginPassword)
        box.users.append(given.login.decode())
        return AuthResult(success=given.password.decode() == password, handled=False)

    options: dict[str, Any] = {"enable_SMTPUTF8": False, "hostname": "mail.example.com", "timeout": 10}
    if tls is not None:
        options |= {"tls_context": tls, "require_starttls": True}
    if password:
        options |= {"authenticator": authenticate, "auth_required": True, "auth_require_tls": tls is not None}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(box, loop=loop, **options), "127.0.0.1", 0)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        if box.hold is not None:
            box.hold.set()
        server.close()
