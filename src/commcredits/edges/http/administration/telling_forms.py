"""What each field of a request about notices, recipients and webhooks may be (see the module ``forms``).

Knows forms. Refuses to know what a value means; the operations do.
"""

from __future__ import annotations

import re
from typing import Annotated, Final

from commcredits.core.mail_addresses import ADDRESS_CHARACTERS_MAX, ALLOWED, is_mail_address
from commcredits.core.notices import NoticeKind
from commcredits.edges.http.administration.forms import FieldForm, NotOfFormError, prose_form, text_form
from commcredits.operations.notice_kinds import CHOICES
from commcredits.operations.webhook_addresses import URL_CHARACTERS_MAX
from commcredits.operations.webhook_deliveries import STATES
from commcredits.operations.webhook_endpoints import DESCRIPTION_CHARACTERS_MAX

_KINDS_ALLOWED: Final = f"an array of one or more of {', '.join(CHOICES)}, each once"
_URL: Final = re.compile(rf"[!-~]{{1,{URL_CHARACTERS_MAX}}}", re.ASCII)


def _kinds(value: object) -> list[str]:
    if not isinstance(value, list) or not value or any(type(each) is not str for each in value):
        raise NotOfFormError
    if len(set(value)) != len(value) or any(each not in CHOICES for each in value):
        raise NotOfFormError
    return value


def _address(value: object) -> str:
    if type(value) is not str or not is_mail_address(value):
        raise NotOfFormError
    return value


NoticeKinds = Annotated[
    list[str],
    FieldForm(
        read=_kinds,
        allowed=_KINDS_ALLOWED,
        schema={
            "type": "array",
            "minItems": 1,
            "maxItems": len(CHOICES),
            "uniqueItems": True,
            "items": {"type": "string", "enum": list(CHOICES)},
            "description": "Kinds of notices, and groups of them; a group takes in the kinds that are added to it.",
        },
    ),
]
MailAddress = Annotated[
    str,
    FieldForm(
        read=_address,
        allowed=ALLOWED,
        schema={"type": "string", "maxLength": ADDRESS_CHARACTERS_MAX, "examples": ["billing@example.com"]},
    ),
]
WebhookUrl = Annotated[
    str,
    text_form(_URL, f"1 to {URL_CHARACTERS_MAX} visible ASCII characters", "https://hooks.example.com/credits"),
]
Description = Annotated[str, prose_form(0, DESCRIPTION_CHARACTERS_MAX, "The dashboard of our finance team")]
DeliveryState = Annotated[str, text_form(re.compile("|".join(STATES)), "one of " + ", ".join(STATES), "failed")]
NoticeKindWord = Annotated[
    str, text_form(re.compile("|".join(NoticeKind)), "one of " + ", ".join(NoticeKind), "balance_low")
]
