"""Who may do what: permissions, the roles that carry them, and whoever acts.

Knows the table of domain.md §6 and says of one actor and one organization whether a permission holds. Refuses to know
how anybody proved to be somebody: the edges do, and hand an actor to the operations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from commcredits.core.outcomes import RefusalCode, Refused

PROOF_VALID: Final = timedelta(minutes=15)
"""How long after signing in a person may change what pays, before they are asked to prove again who they are."""


class Permission(StrEnum):
    """What an operation asks of whoever calls it. Stable: scopes of API keys are these words."""

    ORGANIZATION_READ = "organization.read"
    SETTINGS_WRITE = "settings.write"
    FUNDS_READ = "funds.read"
    FUNDS_WRITE = "funds.write"
    PAYMENT_METHODS_READ = "payment_methods.read"
    PAYMENT_METHODS_WRITE = "payment_methods.write"
    RECEIPTS_READ = "receipts.read"
    BILLING_DETAILS_WRITE = "billing_details.write"
    USERS_READ = "users.read"
    USERS_WRITE = "users.write"
    NUMBERS_READ = "numbers.read"
    NUMBERS_WRITE = "numbers.write"
    POLICIES_READ = "policies.read"
    POLICIES_WRITE = "policies.write"
    CALLS_READ = "calls.read"
    CALL_RECORDS_READ = "call_records.read"
    REPORTS_READ = "reports.read"
    ADVICE_READ = "advice.read"
    NOTICES_READ = "notices.read"
    NOTICES_WRITE = "notices.write"
    WEBHOOKS_READ = "webhooks.read"
    WEBHOOKS_WRITE = "webhooks.write"
    ADMINISTRATORS_READ = "administrators.read"
    ADMINISTRATORS_WRITE = "administrators.write"
    API_KEYS_READ = "api_keys.read"
    API_KEYS_WRITE = "api_keys.write"
    AUDIT_READ = "audit.read"
    CHARGING = "charging"

    OPERATOR_READ = "operator.read"
    OPERATOR_ORGANIZATIONS = "operator.organizations"
    OPERATOR_RATES = "operator.rates"
    OPERATOR_FUNDS = "operator.funds"
    OPERATOR_CALLS = "operator.calls"
    OPERATOR_BLOCKS = "operator.blocks"
    OPERATOR_NUMBERS = "operator.numbers"
    OPERATOR_GATEWAYS = "operator.gateways"
    OPERATOR_ACCOUNTING = "operator.accounting"
    OPERATOR_VERIFY = "operator.verify"
    OPERATOR_AUDIT = "operator.audit"
    OPERATOR_STAFF = "operator.staff"

    @property
    def is_operators(self) -> bool:
        """Whether nobody of an organization can hold it."""
        return self.value.startswith("operator.")


class Role(StrEnum):
    """What somebody is for an organization, or for the operator. Stable: role claims and interfaces show these."""

    GLOBAL_ADMINISTRATOR = "global_administrator"
    BILLING_ADMINISTRATOR = "billing_administrator"
    TELEPHONY_ADMINISTRATOR = "telephony_administrator"
    USER_ADMINISTRATOR = "user_administrator"
    REPORTS_READER = "reports_reader"
    SUPPORT = "support"
    REPORTING_APP = "reporting_app"
    OPERATOR_STAFF = "operator_staff"
    OPERATOR_OWNER = "operator_owner"

    @property
    def is_operators(self) -> bool:
        """Whether it is a role of the operator's own people."""
        return self in {Role.OPERATOR_STAFF, Role.OPERATOR_OWNER}


_ORGANIZATIONS: Final = frozenset(each for each in Permission if not each.is_operators)
_READS: Final = frozenset(each for each in _ORGANIZATIONS if each.value.endswith(".read"))
_OPERATORS: Final = frozenset(each for each in Permission if each.is_operators)

ROLE_PERMISSIONS: Final[Mapping[Role, frozenset[Permission]]] = {
    Role.GLOBAL_ADMINISTRATOR: _ORGANIZATIONS - {Permission.CHARGING},
    Role.BILLING_ADMINISTRATOR: frozenset(
        {
            Permission.ORGANIZATION_READ,
            Permission.FUNDS_READ,
            Permission.FUNDS_WRITE,
            Permission.PAYMENT_METHODS_READ,
            Permission.PAYMENT_METHODS_WRITE,
            Permission.RECEIPTS_READ,
            Permission.BILLING_DETAILS_WRITE,
            Permission.ADVICE_READ,
            Permission.NOTICES_READ,
            Permission.NOTICES_WRITE,
        }
    ),
    Role.TELEPHONY_ADMINISTRATOR: frozenset(
        {
            Permission.ORGANIZATION_READ,
            Permission.USERS_READ,
            Permission.NUMBERS_READ,
            Permission.NUMBERS_WRITE,
            Permission.POLICIES_READ,
            Permission.POLICIES_WRITE,
            Permission.CALLS_READ,
            Permission.CALL_RECORDS_READ,
            Permission.REPORTS_READ,
            Permission.ADVICE_READ,
            Permission.NOTICES_READ,
        }
    ),
    Role.USER_ADMINISTRATOR: frozenset({Permission.ORGANIZATION_READ, Permission.USERS_READ, Permission.USERS_WRITE}),
    Role.REPORTS_READER: frozenset(
        {Permission.ORGANIZATION_READ, Permission.REPORTS_READ, Permission.CALL_RECORDS_READ}
    ),
    Role.SUPPORT: frozenset(
        {Permission.ORGANIZATION_READ, Permission.USERS_READ, Permission.NUMBERS_READ, Permission.CALLS_READ}
    ),
    Role.REPORTING_APP: frozenset({Permission.CALL_RECORDS_READ}),
    # Staff look at everything, and change what is the operator's; an organization's own choices stay its own.
    Role.OPERATOR_STAFF: (_READS | _OPERATORS | {Permission.ADMINISTRATORS_WRITE, Permission.NOTICES_WRITE})
    - {Permission.OPERATOR_STAFF},
    Role.OPERATOR_OWNER: frozenset(Permission),
}
"""What each role may do (domain.md §6)."""


class ActorKind(StrEnum):
    """How somebody acts: a person at the pages, a program by its key, somebody at the terminal, or the product."""

    PERSON = "person"
    KEY = "key"
    TERMINAL = "terminal"
    SYSTEM = "system"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Whoever calls an operation.

    ``organization_id`` is the only organization they may touch; None for the operator's people, who may touch all.
    ``source`` is the network address they came from, ``edge`` the interface; both go into the audit log. A person has
    ``proved_at``, when they last proved to be who they are. ``is_checked`` is set for what an operation calls in turn.
    """

    kind: ActorKind
    actor_id: str
    name: str
    permissions: frozenset[Permission]
    organization_id: str | None = None
    roles: tuple[Role, ...] = ()
    source: str = ""
    edge: str = ""
    proved_at: datetime | None = None
    is_checked: bool = False

    def may(self, permission: Permission, organization_id: str | None = None) -> bool:
        """Whether they hold the permission, for this organization where one is named."""
        return self.refusal(permission, organization_id) is None

    def holds(self, permission: Permission, organization_id: str | None = None) -> bool:
        """Whether the permission is their own, also where an operation that was checked already asks for them.

        For an operation that shows more to those who may see more: ``may`` says yes to everything it calls in turn.
        """
        return replace(self, is_checked=False).may(permission, organization_id)

    def refusal(self, permission: Permission, organization_id: str | None = None) -> Refused | None:
        """Why they may not: NOT_PERMITTED, or UNKNOWN_ORGANIZATION for any but their own, existing or not."""
        if self.is_checked:
            return None
        if self.organization_id is not None and organization_id not in {None, self.organization_id}:
            return Refused(code=RefusalCode.UNKNOWN_ORGANIZATION)
        if permission not in self.permissions or (permission.is_operators and self.organization_id is not None):
            return Refused(code=RefusalCode.NOT_PERMITTED, facts={"permission": permission.value})
        return None

    def proof_refusal(self, now: datetime) -> Refused | None:
        """PROOF_REQUIRED for a person whose last proof is older than PROOF_VALID; programs prove themselves always."""
        if self.is_checked or self.kind is not ActorKind.PERSON:
            return None
        if self.proved_at is not None and now - self.proved_at <= PROOF_VALID:
            return None
        return Refused(code=RefusalCode.PROOF_REQUIRED)

    def checked(self) -> Actor:
        """The same, for what an operation that was checked already calls in turn."""
        return self if self.is_checked else replace(self, is_checked=True)


def permissions_of(roles: tuple[Role, ...]) -> frozenset[Permission]:
    """All that these roles may do together."""
    return frozenset[Permission]().union(*(ROLE_PERMISSIONS[role] for role in roles))


SYSTEM: Final = Actor(kind=ActorKind.SYSTEM, actor_id="system", name="system", permissions=frozenset(Permission))
"""The product itself: what time and gateways bring."""

NOBODY: Final = Actor(kind=ActorKind.NOBODY, actor_id="", name="", permissions=frozenset())
"""Whoever has not said who they are: may do nothing that asks for a permission."""
