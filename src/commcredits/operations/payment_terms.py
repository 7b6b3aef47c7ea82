"""What an operator allows around payments: where payers return to, who may ask for refunds, how often a new card pays.

Knows the terms and what they mean. Refuses to know where they are set.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from commcredits.core.outcomes import Refused
from commcredits.operations.inputs import invalid_input

RETURN_URL_CHARACTERS_MAX: Final = 2_000
"""Longest address that a payer may be led back to."""


class RefundPolicy(StrEnum):
    """Who may have unused funds given back (domain.md §3, Refunds)."""

    NONE = "none"
    OPERATOR = "operator"
    ORGANIZATION = "organization"
    """The organization itself too, without asking anybody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMethodLimits:
    """How often a card or account that was first seen less than ``new_days`` ago may be charged or declined.

    Counted over all organizations in the last ``window_hours``, for stolen cards are tried at many doors.
    """

    new_days: int = 7
    window_hours: int = 24
    attempts_max: int = 10
    declines_max: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentTerms:
    """The operator's terms. ``origin`` is where people reach the portal, as ``https://credits.example.com``.

    ``return_path`` is the page there that payers return to, with ``{organization_id}`` in the place of the id.
    Without ``new_methods`` every method may be charged as often as anybody likes.
    """

    origin: str = "http://127.0.0.1:8080"
    return_path: str = "/portal/organizations/{organization_id}/billing/communications-credits"
    refund_policy: RefundPolicy = RefundPolicy.OPERATOR
    new_methods: NewMethodLimits | None = None

    def refuse_return_url(self, url: str) -> Refused | None:
        """Why a payer may not be led back there, or None: only to pages of this installation."""
        allowed = f"an address that begins with {self.origin}/"
        if len(url) > RETURN_URL_CHARACTERS_MAX or not url.isascii() or not url.isprintable() or "\\" in url:
            return invalid_input("return_url", url, allowed)
        try:
            given, own = urlsplit(url), urlsplit(self.origin)
        except ValueError:
            return invalid_input("return_url", url, allowed)
        if " " in url or (given.scheme, given.netloc) != (own.scheme, own.netloc):
            return invalid_input("return_url", url, allowed)
        return None

    def page_of(self, organization_id: str) -> str:
        """The page of an organization's credits, where its payer returns to when nobody says where else."""
        return f"{self.origin}{self.return_path.format(organization_id=organization_id)}"
