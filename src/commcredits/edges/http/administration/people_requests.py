"""What the JSON bodies of requests about people and licences hold.

Knows the names of fields on the wire, and which of them a request has left out. Refuses to know what is done with them.
"""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from commcredits.core.roster import Licence
from commcredits.edges.http.administration.forms import AmountMicros, CountryCode, Flag, Identifier
from commcredits.edges.http.administration.people_forms import (
    DepartmentName,
    DialOutWords,
    LicenceCodes,
    PersonName,
    Quantity,
    UsageLocation,
    UserNames,
    UserPrincipalName,
)
from commcredits.operations.people import PartyFields

_ID: Final = "019353b4-7c1e-7000-8000-0123456789ab"
_RENAMED: Final = {"monthly_cap": "monthly_cap_micros"}
_OUTSIDE: Final = frozenset({"object_id"})


def _strict(**example: Any) -> ConfigDict:
    """A body that takes its own fields and no others."""
    return ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [dict(example)]})


class UserToChange(BaseModel):
    """What is to be known of somebody from now on; a field that is left out stays as it is.

    ``dial_out`` and ``premium_allowed`` null: the organization's own rules hold. ``shared_calling_account`` is the
    object id of a resource account, by whose plan a user calls; null for none.
    """

    model_config = _strict(display_name="Recepție", department="Vânzări", monthly_cap="25.00")

    user_principal_name: UserPrincipalName | None = None
    display_name: PersonName = ""
    usage_location: UsageLocation = ""
    department: DepartmentName = ""
    dial_out: DialOutWords | None = None
    premium_allowed: Flag | None = None
    toll_free_allowed: Flag = True
    monthly_cap: AmountMicros | None = None
    shared_calling_account: Identifier | None = None

    def fields(self) -> PartyFields:
        """The fields that were given."""
        given: dict[str, Any] = {
            _RENAMED.get(name, name): getattr(self, name) for name in self.model_fields_set - _OUTSIDE
        }
        for name in ("user_principal_name", "shared_calling_account"):
            if given.get(name, "") is None:
                given[name] = ""
        return PartyFields(**given)


class UserToAdd(UserToChange):
    """A user or resource account; without ``object_id`` it gets a new one."""

    model_config = _strict(
        user_principal_name="front.desk@example.com",
        display_name="Recepție",
        usage_location="RO",
        department="Vânzări",
        dial_out={"conference": "zone_a", "user": "domestic"},
        toll_free_allowed=True,
        monthly_cap="25.00",
    )

    user_principal_name: UserPrincipalName
    object_id: Identifier | None = None


class LicencesToBuy(BaseModel):
    """How many of a licence are bought for a country; without ``country`` for none in particular."""

    model_config = _strict(purchased=25, country="RO")

    purchased: Quantity
    country: CountryCode | None = None


class LicencesToAssign(BaseModel):
    """Licences for people, each named by object id or user principal name."""

    model_config = _strict(users=["front.desk@example.com", _ID], assign=["MCOPSTN1", "MCOPSTNC"], take=["MCOPSTN5"])

    users: UserNames
    assign: LicenceCodes = frozenset[Licence]()
    take: LicenceCodes = frozenset[Licence]()
