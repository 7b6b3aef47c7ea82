"""Letters reach a real mail server, each reader alone, once; what fails is tried again or is seen to have failed."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from commcredits.core.notices import NoticeKind
from commcredits.edges.mail.letters import LetterWriter
from commcredits.edges.mail.messages import Sender
from commcredits.edges.mail.posting import MailServer, SmtpPostman
from commcredits.operations.handing_on import hand_on_notices
from commcredits.operations.mailing import WAITS_SECONDS, Mailing
from commcredits.operations.services import Services
from tests.edges.mail.mailbox import Mailbox, mailbox
from tests.operations.office import Office, open_office
from tests.operations.telling import LOW, UNIT, mailed, notice, recipient, that_tells

SENDER = Sender(
    address="credits@operator.example", name="Operator Télécom, București", reply_to="help@operator.example"
)
PUBLIC_URL = "https://credits.example.com"


@dataclass(kw_only=True)
class Desk:
    """An organization whose notices are mailed."""

    office: Office
    services: Services
    organization_id: str

    def mailing(self, box: Mailbox, **server: Any) -> Mailing:
        """Whoever mails to this box."""
        options = {"tls": "none", "user": "", "password": None, "seconds": 5, **server}
        postman = SmtpPostman(
            MailServer(host="127.0.0.1", port=box.port, **options),
            SENDER,
            writer=LetterWriter(public_url=PUBLIC_URL),
            clock=self.services.clock,
        )
        return Mailing(self.services, postman)

    async def send(self, box: Mailbox, **server: Any) -> int:
        """How many mails were tried, by one worker and to the end."""
        mailing = self.mailing(box, **server)
        count = await mailing.run()
        await mailing.aclose()
        return count + await mailing.run()

    async def tell(self, kind: NoticeKind = NoticeKind.BALANCE_LOW, **facts: str | int) -> None:
        await notice(self.services, self.organization_id, kind=kind, facts=facts or LOW)
        await hand_on_notices(self.services)


@asynccontextmanager
async def open_desk(database_url: str) -> AsyncIterator[Desk]:
    async with open_office(database_url) as office:
        organization = await office.organization("Ștefan & Fiii SRL")
        yield Desk(office=office, services=that_tells(office), organization_id=organization.organization_id)


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    async with open_desk(database_url) as opened:
        yield opened


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mail")
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=mail.example.com "
        "-addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out certificate.pem"
    )
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    return folder


def _parts(message: Any) -> tuple[str, str]:
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None
    assert html is not None
    return plain.get_content(), html.get_content()


async def test_each_reader_gets_a_letter_of_his_own_in_his_own_language(desk: Desk) -> None:
    await recipient(desk.services, desk.organization_id, "ana@example.com", language="ro")
    await recipient(desk.services, desk.organization_id, "bob@example.com", language="en")
    async with mailbox() as box:
        await desk.tell()
        assert await desk.mailing(box).run() == 2
        assert await desk.mailing(box).run() == 0
    by_reader = {readers[0]: message for (_sender, readers), message in zip(box.envelopes, box.messages, strict=True)}
    assert [len(readers) for _sender, readers in box.envelopes] == [1, 1]
    ana, bob = by_reader["ana@example.com"], by_reader["bob@example.com"]
    assert ana["Subject"] == "Soldul este sub 25,00\u00a0EUR"
    assert bob["Subject"] == "The balance is below EUR\u00a025.00"
    assert (ana["Content-Language"], bob["Content-Language"]) == ("ro", "en")
    plain, html = _parts(ana)
    assert "Soldul organizației Ștefan & Fiii SRL a scăzut sub 25,00\u00a0EUR." in plain
    assert "24,50\u00a0EUR" in plain
    assert "Ștefan &amp; Fiii SRL" in html
    assert '<html lang="ro">' in html
    link = f"{PUBLIC_URL}/portal/organizations/{desk.organization_id}/billing/communications-credits"
    assert link in plain
    assert f'href="{link}"' in html
    for message in (ana, bob):
        assert message["From"] == '"Operator Télécom, București" <credits@operator.example>'
        assert message["Reply-To"] == "help@operator.example"
        assert message["Auto-Submitted"] == "auto-generated"
        assert (message["Cc"], message["Bcc"]) == (None, None)
    for raw in box.raw:
        assert (b"ana@example.com" in raw) != (b"bob@example.com" in raw)
        raw.decode("ascii")


async def test_a_name_with_line_breaks_or_markup_cannot_break_out_of_its_place(desk: Desk) -> None:
    await desk.services.pool.execute(
        "update organizations set name = $1", "Evil\r\nBcc: all@example.com\r\n\r\n<script>alert(1)</script>"
    )
    await recipient(desk.services, desk.organization_id, "bob@example.com", language="en")
    async with mailbox() as box:
        await desk.tell(NoticeKind.WEBHOOK_DISABLED, endpoint_id="x", host="a.example/<b>", reason="gone")
        await desk.mailing(box).run()
    (message,) = box.messages
    assert message["Bcc"] is None
    assert box.envelopes[0][1] == ["bob@example.com"]
    _plain, html = _parts(message)
    assert "<script>" not in html
    assert "<b>" not in html


async def test_a_payment_that_has_to_be_approved_leads_to_the_page_that_approves_it(desk: Desk) -> None:
    await recipient(desk.services, desk.organization_id, "bob@example.com", language="en")
    top_up = desk.services.new_id()
    async with mailbox() as box:
        await desk.tell(
            NoticeKind.AUTHENTICATION_NEEDED,
            top_up_id=top_up,
            amount_micros=50 * UNIT,
            tax_micros=10_500_000,
            currency="EUR",
            reason="authentication_required",
        )
        await desk.mailing(box).run()
    plain, html = _parts(box.messages[0])
    assert box.messages[0]["Subject"] == "Approve your payment of EUR\u00a060.50"
    assert f"{PUBLIC_URL}/portal/billing/approve/{top_up}" in plain
    assert f'href="{PUBLIC_URL}/portal/billing/approve/{top_up}"' in html


async def test_a_temporary_refusal_is_tried_again_under_the_same_message_id(desk: Desk) -> None:
    await recipient(desk.services, desk.organization_id, "bob@example.com")
    async with mailbox() as box:
        box.recipient_answers = ["450 4.2.1 bob@example.com is busy"]
        box.data_answers = ["451 4.3.0 later"]
        mailing = desk.mailing(box)
        await desk.tell()
        with capture_logs() as logged:
            for expected in ("answered 450 to the address", "answered 451 to the message"):
                assert await mailing.run() == 1
                assert await mailing.run() == 0
                ((address, state, trouble),) = await mailed(desk.services, desk.organization_id)
                assert (address, state) == ("bob@example.com", "waiting")
                assert trouble == f"the mail server {expected}"
                desk.office.clock.advance(hours=1)
            assert await mailing.run() == 1
    assert await mailed(desk.services, desk.organization_id) == [("bob@example.com", "sent", "")]
    assert len(box.messages) == 1
    assert "bob@example.com" not in str(logged)


async def test_after_its_last_try_a_mail_has_failed_and_is_seen_to_have(desk: Desk) -> None:
    await recipient(desk.services, desk.organization_id, "bob@example.com")
    async with mailbox() as box:
        box.data_answers = ["421 4.3.2 closing"] * 20
        mailing = desk.mailing(box)
        await desk.tell()
        tries = 0
        for _ in range(20):
            tries += await mailing.run()
            desk.office.clock.advance(hours=24)
    assert tries == len(WAITS_SECONDS) + 1
    ((_address, state, trouble),) = await mailed(desk.services, desk.organization_id)
    assert (state, trouble) == ("failed", "the mail server answered 421 to the message")


@pytest.mark.parametrize(
    ("recipients", "letters", "trouble"),
    [
        (["550 5.1.1 no bob@example.com here"], [], "the mail server answered 550 to the address"),
        ([], ["554 5.7.1 bob@example.com does not want it"], "the mail server answered 554 to the message"),
    ],
)
async def test_a_permanent_refusal_fails_at_once_and_is_logged_without_the_address(
    desk: Desk, recipients: list[str], letters: list[str], trouble: str
) -> None:
    await recipient(desk.services, desk.organization_id, "bob@example.com")
    async with mailbox() as box:
        box.recipient_answers, box.data_answers = recipients, letters
        mailing = desk.mailing(box)
        await desk.tell()
        with capture_logs() as logged:
            assert await mailing.run() == 1
            desk.office.clock.advance(days=2)
            assert await mailing.run() == 0
    assert await mailed(desk.services, desk.organization_id) == [("bob@example.com", "failed", trouble)]
    (line,) = [each for each in logged if each["log_level"] == "warning"]
    assert (line["event"], line["trouble"]) == ("mail failed", trouble)
    assert "bob@example.com" not in str(logged)


@pytest.mark.parametrize("taken", [False, True])
async def test_a_connection_cut_in_the_middle_is_tried_again_as_the_same_letter(desk: Desk, *, taken: bool) -> None:
    await recipient(desk.services, desk.organization_id, "bob@example.com")
    async with mailbox() as box:
        box.data_answers, box.take_before_cut = ["cut"], taken
        mailing = desk.mailing(box)
        await desk.tell()
        assert await mailing.run() == 1
        ((_address, state, trouble),) = await mailed(desk.services, desk.organization_id)
        assert (state, trouble) == ("waiting", "no way to the mail server: SMTPServerDisconnected")
        desk.office.clock.advance(hours=1)
        assert await mailing.run() == 1
    # By its Message-ID a mailbox knows the letter that it has already.
    assert len(box.messages) == 1 + taken
    assert len({message["Message-ID"] for message in box.messages}) == 1
    assert box.messages[0]["Message-ID"].endswith("@operator.example>")
    assert await mailed(desk.services, desk.organization_id) == [("bob@example.com", "sent", "")]


async def test_two_workers_at_once_send_each_mail_once(desk: Desk) -> None:
    await recipient(desk.services, desk.organization_id, "bob@example.com")
    async with mailbox() as box:
        for _ in range(15):
            await desk.tell()
        workers = [desk.mailing(box) for _ in range(2)]
        await asyncio.gather(*(worker.run() for worker in workers))
        for worker in workers:
            await worker.aclose()
    assert len({message["Message-ID"] for message in box.messages}) == len(box.messages) == 15


async def test_a_mail_of_a_worker_that_was_killed_is_sent_by_another_after_a_while(desk: Desk) -> None:
    await recipient(desk.services, desk.organization_id, "bob@example.com")
    async with mailbox() as box:
        await desk.tell()
        # Claimed as a worker does that dies before it sends.
        await desk.services.pool.execute(
            "update mails set next_at = $1, attempts = 1", desk.office.clock.now + timedelta(seconds=300)
        )
        assert await desk.mailing(box).run() == 0
        desk.office.clock.advance(seconds=300)
        assert await desk.mailing(box).run() == 1
    assert len(box.messages) == 1


async def test_a_server_that_says_nothing_is_given_up_in_time(desk: Desk) -> None:
    await recipient(desk.services, desk.organization_id, "bob@example.com")
    async with mailbox() as box:
        box.hold = asyncio.Event()
        await desk.tell()
        assert await desk.send(box, seconds=1) == 1
    ((_address, state, trouble),) = await mailed(desk.services, desk.organization_id)
    assert (state, trouble) == ("waiting", "the mail server took too long")


async def test_nothing_is_sent_where_nobody_listens(desk: Desk) -> None:
    await recipient(desk.services, desk.organization_id, "bob@example.com")
    async with mailbox() as box:
        pass
    await desk.tell()
    assert await desk.mailing(box).run() == 1
    ((_address, state, trouble),) = await mailed(desk.services, desk.organization_id)
    assert (state, trouble) == ("waiting", "no way to the mail server: SMTPConnectError")


async def test_over_an_encrypted_way_we_sign_in_and_a_wrong_password_is_no_fault_of_the_mail(
    desk: Desk, certificate: Path
) -> None:
    await recipient(desk.services, desk.organization_id, "bob@example.com")
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(certificate / "certificate.pem", certificate / "key.pem")
    trusting = ssl.create_default_context(cafile=str(certificate / "certificate.pem"))
    async with mailbox(tls=server, password="right") as box:
        await desk.tell()
        options: dict[str, Any] = {"tls": "starttls", "user": "credits", "tls_context": trusting}
        with capture_logs() as logged:
            assert await desk.send(box, **options, password=SecretStr("wrong")) == 1
        ((_address, state, trouble),) = await mailed(desk.services, desk.organization_id)
        assert (state, trouble) == ("waiting", "the mail server refused our name or password: 535")
        assert "wrong" not in str(logged)
        desk.office.clock.advance(hours=1)
        assert await desk.send(box, **options, password=SecretStr("right")) == 1
    assert box.encrypted == [True]
    assert set(box.users) == {"credits"}


async def test_a_server_whose_certificate_nobody_vouches_for_gets_nothing(desk: Desk, certificate: Path) -> None:
    await recipient(desk.services, desk.organization_id, "bob@example.com")
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(certificate / "certificate.pem", certificate / "key.pem")
    async with mailbox(tls=server) as box:
        await desk.tell()
        assert await desk.mailing(box, tls="starttls").run() == 1
    ((_address, state, _trouble),) = await mailed(desk.services, desk.organization_id)
    assert state == "waiting"
    assert box.messages == []


async def test_a_server_without_encryption_gets_nothing_where_encryption_is_set(desk: Desk) -> None:
    await recipient(desk.services, desk.organization_id, "bob@example.com")
    async with mailbox() as box:
        await desk.tell()
        assert await desk.mailing(box, tls="starttls").run() == 1
    assert box.messages == []
