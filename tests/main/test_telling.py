"""What settings say of mail and webhooks is what the worker tells with."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from commcredits.edges.worker.rounds import run_rounds
from commcredits.main.composition import telling_terms
from commcredits.main.telling import telling_rounds
from commcredits.operations.handing_on import hand_on_notices
from commcredits.operations.webhook_endpoints import EndpointWithSecret, add_endpoint
from commcredits.settings import Settings
from commcredits.settings.mail import MailSettings
from tests.edges.mail.mailbox import mailbox
from tests.edges.webhooks.receiver import document_of, receiving
from tests.operations.office import open_office, soon
from tests.operations.telling import mailed, notice, recipient, that_tells

MAIL: dict[str, Any] = {"host": "mail.example.com", "sender_address": "credits@example.com"}


async def test_the_worker_mails_and_delivers_as_its_settings_say_and_stops_at_once(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_office(database_url) as office, mailbox() as box, receiving() as receiver:
        sent = {**MAIL, "host": "127.0.0.1", "port": box.port, "tls": "none", "sender_name": "Operator"}
        monkeypatch.setenv("COMMCREDITS_MAIL", json.dumps(sent))
        monkeypatch.setenv("COMMCREDITS_WEBHOOKS_TO_LOOPBACK", "true")
        monkeypatch.setenv("COMMCREDITS_PUBLIC_URL", "https://credits.example.com")
        settings = Settings()
        terms = telling_terms(settings)
        assert (terms.mails, terms.late_days, terms.loopback_allowed) == (True, 3, True)
        services = that_tells(office, loopback_allowed=terms.loopback_allowed)
        organization = (await office.organization()).organization_id
        await recipient(services, organization, "ana@example.com")
        added = await add_endpoint(services, organization_id=organization, url=receiver.url)
        assert isinstance(added, EndpointWithSecret), added
        stop = asyncio.Event()
        async with telling_rounds(settings, services) as rounds:
            assert {each.name for each in rounds} == {"deliver_webhooks", "mail_invitations", "send_mails"}
            working = asyncio.create_task(run_rounds(rounds, stop))
            await notice(services, organization)
            await hand_on_notices(services)
            await soon(lambda: bool(box.messages) and bool(receiver.came))
            stop.set()
            await working
        (message,) = box.messages
        assert message["From"] == "Operator <credits@example.com>"
        plain = message.get_body(("plain",))
        assert plain is not None
        assert "https://credits.example.com/portal/" in plain.get_content()
        assert document_of(receiver.came[0])["type"] == "balance_low"
        assert await mailed(services, organization) == [("ana@example.com", "sent", "")]


async def test_without_mail_settings_there_is_no_postman(database_url: str) -> None:
    async with open_office(database_url) as office:
        settings = Settings()
        assert telling_terms(settings).mails is False
        async with telling_rounds(settings, office.services) as rounds:
            assert [each.name for each in rounds] == ["deliver_webhooks"]


@pytest.mark.parametrize(("tls", "port"), [("starttls", 587), ("tls", 465), ("none", 25)])
def test_a_port_that_is_not_given_is_the_usual_one(tls: str, port: int) -> None:
    assert MailSettings(**{**MAIL, "tls": tls}).port_in_use == port


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"host": "mail.example.com\r\nX"}, "is not the name or address of a host"),
        ({"sender_address": "Operator <credits@example.com>"}, "must be a plain mail address"),
        ({"sender_address": ""}, "sender_address is empty"),
        ({"sender_name": "Operator\r\nBcc: all@example.com"}, "on one line"),
        ({"reply_to": "nobody"}, "must be a plain mail address"),
        ({"user": "credits"}, "given together"),
        ({"password": "secret"}, "given together"),
        ({"user": "credits", "password": "secret", "tls": "none"}, "over an encrypted way alone"),
        ({"tls": "ssl"}, "'starttls', 'tls' or 'none'"),
        ({"port": 0}, "greater than or equal to 1"),
        ({"seconds": 600}, "less than or equal to 120"),
        ({"recipients": "all@example.com"}, "Extra inputs are not permitted"),
    ],
)
def test_settings_of_mail_that_cannot_be_meant_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        MailSettings(**{**MAIL, **wrong})


def test_a_password_is_not_shown_and_may_go_to_this_machine_unencrypted() -> None:
    mail = MailSettings(**{**MAIL, "host": "127.0.0.1", "tls": "none", "user": "credits", "password": "sesame"})
    assert mail.password == SecretStr("sesame")
    assert "sesame" not in repr(mail)
