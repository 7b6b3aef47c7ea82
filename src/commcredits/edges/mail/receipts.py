"""The receipt that goes with the mail of a purchase, as a PDF in the reader's language.

Knows where the document comes from. Refuses to hold a mail back for long: what cannot be written as a PDF here is left
to the page that the mail links to.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.mail.messages import Attachment
from commcredits.edges.receipts.rendering import ReceiptFormat, render_receipt
from commcredits.operations.mailed_receipts import receipt_of_mail
from commcredits.operations.mailing import OwedMail, PutOff
from commcredits.operations.services import Services

Attach = Callable[[OwedMail], Awaitable[Attachment | PutOff | None]]
"""What goes with a letter, if anything; or why it waits."""


def receipts_of(services: Services) -> Attach:
    """Whoever finds the receipt of a mail."""

    async def attach(mail: OwedMail) -> Attachment | PutOff | None:
        receipt = await receipt_of_mail(services, mail.notice)
        if receipt.awaited:
            return PutOff(trouble="the receipt is not issued yet")
        if receipt.number is None:
            return None
        organization_id = mail.notice.organization_id
        rendered = await render_receipt(services, organization_id, receipt.number, ReceiptFormat.PDF, mail.language)
        if isinstance(rendered, Refused):
            return PutOff(trouble="too many documents wait") if rendered.code is RefusalCode.BUSY else None
        return Attachment(name=rendered.filename, content=rendered.content)

    return attach
