"""What the JSON bodies of requests about recipients and webhook endpoints hold.

Knows the names of fields on the wire. Refuses to know what is done with them.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from commcredits.edges.http.administration.forms import LanguageCode
from commcredits.edges.http.administration.telling_forms import Description, MailAddress, NoticeKinds, WebhookUrl


def _strict(**example: Any) -> ConfigDict:
    """A body that takes its own fields and no others."""
    return ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [dict(example)]})


class RecipientToSave(BaseModel):
    """Who hears of what. Left out, the language is the organization's and the kinds are all of them."""

    model_config = _strict(address="billing@example.com", language="ro", kinds=["auto_recharge", "balance_zero"])

    address: MailAddress
    language: LanguageCode | None = None
    kinds: NoticeKinds | None = None


class EndpointToSave(BaseModel):
    """Where an organization's program hears of what. Left out, the kinds are all of them."""

    model_config = _strict(
        url="https://hooks.example.com/credits", description="The dashboard of our finance team", kinds=["balance"]
    )

    url: WebhookUrl
    description: Description = ""
    kinds: NoticeKinds | None = None
