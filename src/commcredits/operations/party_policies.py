"""One user's own rules: dial-out, premium and toll-free numbers, a cap. They win over the organization's.

Knows which settings of somebody are policy. Refuses to change anything else of them (commcredits.operations.people):
who looks after policies need not look after people.
"""

from __future__ import annotations

from dataclasses import dataclass

from commcredits.core.access import Permission
from commcredits.core.outcomes import Refused
from commcredits.core.roster import DialOutPolicy, Party, PartyKind
from commcredits.operations.audit_looks import at_party
from commcredits.operations.people import PartyFields, PartyInfo, change_party
from commcredits.operations.permitting import acts
from commcredits.operations.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyPolicy:
    """What binds one user or resource account alone, with the meaning of commcredits.core.roster.Party."""

    dial_out: DialOutPolicy | None
    premium_allowed: bool | None
    toll_free_allowed: bool
    monthly_cap_micros: int | None


def policy_of(party: Party) -> PartyPolicy:
    """The policy of somebody as it stands."""
    return PartyPolicy(
        dial_out=party.dial_out,
        premium_allowed=party.premium_allowed,
        toll_free_allowed=party.toll_free_allowed,
        monthly_cap_micros=party.monthly_cap_micros,
    )


@acts(Permission.POLICIES_WRITE, look=at_party)
async def set_party_policy(
    services: Services,
    *,
    organization_id: str,
    kind: PartyKind,
    user: str,
    policy: PartyPolicy,
    expected: PartyPolicy | None = None,
) -> PartyInfo | Refused:
    """Put somebody's own policy in force for the calls that begin from now on.

    ``expected`` is the policy that it takes the place of: CONFLICT where somebody else has changed it meanwhile.
    """
    return await change_party(
        services,
        organization_id=organization_id,
        kind=kind,
        user=user,
        content=PartyFields(
            dial_out=policy.dial_out,
            premium_allowed=policy.premium_allowed,
            toll_free_allowed=policy.toll_free_allowed,
            monthly_cap_micros=policy.monthly_cap_micros,
        ),
        expected=None if expected is None else lambda party: policy_of(party) == expected,
    )
