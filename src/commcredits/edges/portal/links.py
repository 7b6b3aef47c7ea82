"""The portal's addresses: the patterns that are routed, and the links that pages carry.

Knows where the portal is mounted. Refuses to know what stands at an address.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

HOME: Final = "/"
SIGN_IN: Final = "/sign-in"
SIGN_OUT: Final = "/sign-out"
PROVE: Final = "/prove"
GO_ON: Final = "/prove/go-on/{form_id}"
LANGUAGE: Final = "/language"
THEME: Final = "/theme"
STATIC: Final = "/static/{name}"
PRODUCTS: Final = "/organizations/{organization_id:uuid}/billing/products-and-services"
CREDITS: Final = "/organizations/{organization_id:uuid}/billing/communications-credits"
LIVE: Final = f"{CREDITS}/live"
ADD_FUNDS: Final = f"{CREDITS}/add-funds"
AUTO_RECHARGE: Final = f"{CREDITS}/auto-recharge"
TRANSFER: Final = f"{CREDITS}/transfers/{{top_up_id}}"
METHODS: Final = "/organizations/{organization_id:uuid}/billing/payment-methods"
ADD_METHOD: Final = f"{METHODS}/add"
METHOD_ADDED: Final = f"{METHODS}/added"
METHOD_ROLES: Final = f"{METHODS}/roles"
REPLACE_METHOD: Final = f"{METHODS}/{{payment_method}}/replace"
REMOVE_METHOD: Final = f"{METHODS}/{{payment_method}}/remove"
APPROVE: Final = "/billing/approve/{top_up_id}"
APPROVED: Final = f"{APPROVE}/done"
BALANCE_ALERTS: Final = f"{CREDITS}/balance-alerts"
ATTEMPTS: Final = f"{CREDITS}/recharge-attempts"
RECEIPTS: Final = "/organizations/{organization_id:uuid}/billing/receipts"
RECEIPT: Final = f"{RECEIPTS}/{{number}}"
RECEIPT_FILE: Final = f"{RECEIPTS}/{{number}}.{{file_format}}"
BILLING_DETAILS: Final = "/organizations/{organization_id:uuid}/billing/billing-details"

AUTO_RECHARGE_ID: Final = "auto-recharge-settings"
"""The element that "Modify recharge settings" leads to."""

ALERTS_ID: Final = "balance-alerts"
"""The element that holds the alerts."""

_PATH_LENGTH_MAX: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Links below ``root``, the path that the portal is mounted at, without a slash at its end."""

    root: str

    def home(self, cursor: str | None = None) -> str:
        """The list of organizations, from a cursor on."""
        return f"{self.root}{HOME}" + (f"?{urlencode({'cursor': cursor})}" if cursor else "")

    def sign_in(self, return_to: str = "") -> str:
        """The sign-in page, which then leads back."""
        return f"{self.root}{SIGN_IN}" + (f"?{urlencode({'return_to': return_to})}" if return_to else "")

    def prove(self, return_to: str = "") -> str:
        """Where people prove again who they are; leads back."""
        return f"{self.root}{PROVE}" + (f"?{urlencode({'return_to': return_to})}" if return_to else "")

    def go_on(self, form_id: str) -> str:
        """Where a form waits that was sent before its sender had proved who they are."""
        return self.root + GO_ON.format(form_id=quote(form_id, safe=""))

    def sign_out(self) -> str:
        """Where the sign-out form is posted."""
        return f"{self.root}{SIGN_OUT}"

    def language(self) -> str:
        """Where the language switch is posted."""
        return f"{self.root}{LANGUAGE}"

    def theme(self) -> str:
        """Where the light or dark switch is posted."""
        return f"{self.root}{THEME}"

    def static(self, name: str, version: str) -> str:
        """A static file in one version, which may be kept for ever."""
        return f"{self.root}{STATIC.format(name=quote(name))}?v={version}"

    def products(self, organization_id: str) -> str:
        """Billing > Products & services."""
        return self._of(PRODUCTS, organization_id)

    def credits(self, organization_id: str, **notice: str) -> str:
        """The Communications Credits page; ``notice`` tells it what to announce."""
        return self._of(CREDITS, organization_id) + (f"?{urlencode(notice)}" if notice else "")

    def live(self, organization_id: str) -> str:
        """The part of that page that changes while one looks at it."""
        return self._of(LIVE, organization_id)

    def add_funds(self, organization_id: str) -> str:
        """The form that adds funds."""
        return self._of(ADD_FUNDS, organization_id)

    def auto_recharge(self, organization_id: str) -> str:
        """Where the auto-recharge settings are posted."""
        return self._of(AUTO_RECHARGE, organization_id)

    def auto_recharge_settings(self, organization_id: str) -> str:
        """The settings on the Communications Credits page."""
        return f"{self.credits(organization_id)}#{AUTO_RECHARGE_ID}"

    def balance_alerts(self, organization_id: str) -> str:
        """Where the balance alerts are posted."""
        return self._of(BALANCE_ALERTS, organization_id)

    def balance_alerts_settings(self, organization_id: str) -> str:
        """The alerts on the Communications Credits page."""
        return f"{self.credits(organization_id)}#{ALERTS_ID}"

    def attempts(self, organization_id: str, cursor: str | None = None) -> str:
        """What auto-recharge has tried, from a cursor on."""
        return self._of(ATTEMPTS, organization_id) + (f"?{urlencode({'cursor': cursor})}" if cursor else "")

    def transfer(self, organization_id: str, top_up_id: str) -> str:
        """What to pay, and how, for a purchase by bank transfer."""
        return self._of(TRANSFER, organization_id).replace("{top_up_id}", quote(top_up_id, safe=""))

    def methods(self, organization_id: str, **notice: str) -> str:
        """Billing > Payment methods; ``notice`` tells it what to announce."""
        return self._of(METHODS, organization_id) + (f"?{urlencode(notice)}" if notice else "")

    def add_method(self, organization_id: str, **query: str) -> str:
        """The form that adds a payment method, perhaps ``instead`` of another one."""
        return self._of(ADD_METHOD, organization_id) + (f"?{urlencode(query)}" if query else "")

    def method_added(self, organization_id: str, **query: str) -> str:
        """Where a gateway's page leads back to."""
        return f"{self._of(METHOD_ADDED, organization_id)}?{urlencode(query)}"

    def method_roles(self, organization_id: str) -> str:
        """Where default and backup are posted."""
        return self._of(METHOD_ROLES, organization_id)

    def replace_method(self, organization_id: str, payment_method: str, **query: str) -> str:
        """The form that lets another payment method take one's place."""
        path = self._of(REPLACE_METHOD, organization_id).replace("{payment_method}", quote(payment_method, safe=""))
        return path + (f"?{urlencode(query)}" if query else "")

    def remove_method(self, organization_id: str, payment_method: str) -> str:
        """The form that asks whether a payment method shall be removed."""
        return self._of(REMOVE_METHOD, organization_id).replace("{payment_method}", quote(payment_method, safe=""))

    def approve(self, top_up_id: str) -> str:
        """Where the payer of a payment approves it, without signing in; letters lead there too."""
        return self.root + APPROVE.format(top_up_id=quote(top_up_id, safe=""))

    def approved(self, top_up_id: str, **query: str) -> str:
        """What became of it, where a gateway's page leads back to."""
        return f"{self.root}{APPROVED.format(top_up_id=quote(top_up_id, safe=''))}?{urlencode(query)}"

    def receipts(self, organization_id: str, cursor: str | None = None) -> str:
        """Receipts and credit notes, from a cursor on."""
        return self._of(RECEIPTS, organization_id) + (f"?{urlencode({'cursor': cursor})}" if cursor else "")

    def receipt(self, organization_id: str, number: str) -> str:
        """One receipt; with a format's name behind a dot, its file."""
        return self._of(RECEIPT, organization_id).replace("{number}", quote(number, safe=""))

    def billing_details(self, organization_id: str, **notice: str) -> str:
        """Who buys; ``notice`` tells the page what to announce."""
        return self._of(BILLING_DETAILS, organization_id) + (f"?{urlencode(notice)}" if notice else "")

    def inside(self, path: str) -> str:
        """The path if it is one of the portal's own, else the portal's first page: nobody is led elsewhere."""
        ours = path.startswith(f"{self.root}/") and not path.startswith("//")
        plain = path.isascii() and path.isprintable() and "\\" not in path and len(path) <= _PATH_LENGTH_MAX
        return path if ours and plain else self.home()

    def _of(self, pattern: str, organization_id: str) -> str:
        return self.root + pattern.replace("{organization_id:uuid}", quote(organization_id, safe=""))
