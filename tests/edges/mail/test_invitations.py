"""Letters with invitations, over a real mail server: in the reader's language, each try with a link of its own."""

from __future__ import annotations

import re
from dataclasses import replace

from commcredits.edges.mail.letters import LetterWriter
from commcredits.edges.mail.messages import Sender
from commcredits.edges.mail.posting import MailServer, SmtpPostman
from commcredits.operations.administrator_records import Invited
from commcredits.operations.administrators import invite_administrator, list_administrators, withdraw_invitation
from commcredits.operations.invitation_mailing import mail_invitations
from commcredits.operations.invitations import Invitation, find_invitation
from commcredits.operations.payment_terms import PaymentTerms
from commcredits.operations.services import Services
from commcredits.operations.staff import invite_staff
from tests.edges.mail.mailbox import Mailbox, mailbox
from tests.operations.office import Office, open_office
from tests.operations.telling import that_tells

ORIGIN = "https://credits.example.com"


def that_invites(office: Office) -> Services:
    return replace(that_tells(office), payments=PaymentTerms(origin=ORIGIN))


def postman(services: Services, box: Mailbox) -> SmtpPostman:
    server = MailServer(host="127.0.0.1", port=box.port, tls="none", user="", password=None, seconds=5)
    sender = Sender(address="credits@operator.example", name="Operator", reply_to="")
    return SmtpPostman(server, sender, writer=LetterWriter(public_url=ORIGIN), clock=services.clock)


async def invited(services: Services, organization_id: str, language: str = "") -> Invited:
    found = await invite_administrator(
        services,
        organization_id=organization_id,
        address="front.desk@example.com",
        name="Recepție",
        roles=["billing_administrator", "support"],
        language=language,
    )
    assert isinstance(found, Invited)
    assert found.link is None, "the letter brings it, and nobody else sees it"
    return found


def tokens_of(box: Mailbox) -> list[str]:
    texts = [message.get_body(("plain",)) for message in box.messages]
    found = [re.search(rf"{ORIGIN}/portal/invitation/([0-9a-f]{{64}})", text.get_content()) for text in texts if text]
    return [match.group(1) for match in found if match]


async def test_the_letter_is_in_the_readers_language_and_its_link_opens_the_invitation(database_url: str) -> None:
    async with open_office(database_url) as office, mailbox() as box:
        services = that_invites(office)
        organization_id = (await office.organization("Ștefan & Fiii SRL")).organization_id
        await invited(services, organization_id)
        await invite_staff(services, address="staff@example.com", name="Staff", roles=["operator_staff"])
        assert await mail_invitations(services, postman(services, box)) == 2
        assert await mail_invitations(services, postman(services, box)) == 0
        by_reader = {reader: message for (_from, (reader,)), message in zip(box.envelopes, box.messages, strict=True)}
        letter = by_reader["front.desk@example.com"]
        assert letter["Subject"] == "Sunteți invitat să administrați Ștefan & Fiii SRL"
        body = letter.get_body(("html",))
        assert body is not None
        assert "Administrator de facturare, Asistență" in body.get_content()
        assert by_reader["staff@example.com"]["Subject"] == "You are invited to the operator's console"
        for token in tokens_of(box):
            assert isinstance(await find_invitation(services, token), Invitation)
        listed = await list_administrators(services, organization_id=organization_id)
        assert isinstance(listed, tuple)
        assert [each.invitation.mail_state for each in listed if each.invitation] == ["sent"]


async def test_a_letter_whose_answer_was_lost_comes_again_and_the_link_of_either_is_good_until_one_is_used(
    database_url: str,
) -> None:
    async with open_office(database_url) as office, mailbox() as box:
        services = that_invites(office)
        organization_id = (await office.organization()).organization_id
        found = await invited(services, organization_id, language="en")
        box.data_answers, box.take_before_cut = ["cut"], True
        await mail_invitations(services, postman(services, box))
        office.clock.advance(minutes=10)
        await mail_invitations(services, postman(services, box))
        first, second = tokens_of(box)
        assert first != second
        for token in (first, second):
            assert isinstance(await find_invitation(services, token), Invitation)
        await withdraw_invitation(
            services, organization_id=organization_id, administrator_id=found.administrator.administrator_id
        )
        for token in (first, second):
            assert not isinstance(await find_invitation(services, token), Invitation)
