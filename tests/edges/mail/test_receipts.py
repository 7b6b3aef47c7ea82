"""The mail of a purchase brings its receipt, waits a moment for it, and goes without it rather than not at all."""

from __future__ import annotations

from dataclasses import replace
from email.message import EmailMessage

from commcredits.core.account import FundingTerms
from commcredits.edges.mail.letters import LetterWriter
from commcredits.edges.mail.messages import Sender
from commcredits.edges.mail.posting import MailServer, SmtpPostman
from commcredits.edges.mail.receipts import receipts_of
from commcredits.operations.handing_on import hand_on_notices
from commcredits.operations.mailing import Mailing
from commcredits.operations.services import Services
from commcredits.operations.telling_terms import TellingTerms
from tests.edges.mail.mailbox import Mailbox, mailbox
from tests.operations.office import Office, open_office
from tests.operations.selling import TERMS, Shop
from tests.operations.telling import mailed, recipient

SENDER = Sender(address="credits@operator.example", name="", reply_to="")


def _shop(office: Office) -> Shop:
    services = replace(
        office.services,
        telling=TellingTerms(mails=True),
        receipts=TERMS,
        funding=FundingTerms(top_up_minimum_micros={}),
    )
    return Shop(office=office, services=services)


def _mailing(services: Services, box: Mailbox) -> Mailing:
    server = MailServer(host="127.0.0.1", port=box.port, tls="none", user="", password=None, seconds=10)
    postman = SmtpPostman(
        server,
        SENDER,
        writer=LetterWriter(public_url=""),
        clock=services.clock,
        attach=receipts_of(services),
    )
    return Mailing(services, postman)


async def _send(services: Services, box: Mailbox) -> None:
    mailing = _mailing(services, box)
    await mailing.run()
    await mailing.aclose()


def _files(message: EmailMessage) -> list[tuple[str | None, bytes]]:
    return [(part.get_filename(), part.get_payload(decode=True)) for part in message.iter_attachments()]  # type: ignore[misc]  # a decoded part is bytes


async def test_a_purchase_is_mailed_with_its_receipt_once_that_is_issued(database_url: str) -> None:
    async with open_office(database_url) as office, mailbox() as box:
        shop = _shop(office)
        organization = await shop.buyer()
        await recipient(shop.services, organization, "ana@example.com", language="ro")
        await shop.buy(organization)
        await hand_on_notices(shop.services)
        await _send(shop.services, box)
        assert box.messages == []
        # The worker is late with the receipt: the mail waits for it.
        office.clock.advance(seconds=5)
        await _send(shop.services, box)
        assert box.messages == []
        assert await mailed(shop.services, organization) == [
            ("ana@example.com", "waiting", "the receipt is not issued yet")
        ]
        assert (await shop.issue()).count == 1
        office.clock.advance(seconds=72)
        await _send(shop.services, box)
        (document,) = await shop.documents(organization)
    (message,) = box.messages
    ((name, content),) = _files(message)
    assert name == f"{document.number}.pdf"
    assert content.startswith(b"%PDF-")
    assert len(box.envelopes[0][1]) == 1


async def test_a_purchase_whose_receipt_never_comes_is_mailed_without_it(database_url: str) -> None:
    async with open_office(database_url) as office, mailbox() as box:
        shop = _shop(office)
        organization = await shop.buyer()
        await recipient(shop.services, organization, "ana@example.com")
        await shop.buy(organization)
        await hand_on_notices(shop.services)
        office.clock.advance(minutes=15)
        await _send(shop.services, box)
    (message,) = box.messages
    assert _files(message) == []


async def test_where_no_receipts_are_issued_the_mail_goes_at_once(database_url: str) -> None:
    async with open_office(database_url) as office, mailbox() as box:
        shop = _shop(office)
        services = replace(shop.services, receipts=None)
        organization = await shop.buyer()
        await recipient(services, organization, "ana@example.com")
        await shop.buy(organization)
        await hand_on_notices(services)
        await _send(services, box)
    assert len(box.messages) == 1
