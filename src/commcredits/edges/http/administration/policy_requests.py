"""What the JSON bodies of requests about rules, blocks and possible calls hold.

Knows the names of fields on the wire. Refuses to know what is done with them. Amounts arrive here as millionths.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from commcredits.core.roster import CallsWithoutUser, DialOutPolicy, Limits
from commcredits.edges.http.administration.forms import CurrencyCode, E164Number, Flag, UserName
from commcredits.edges.http.administration.people_forms import DialOutWords
from commcredits.edges.http.administration.policy_forms import (
    BlockedKindWord,
    CallsWithoutUserWord,
    CallTypeWord,
    ConferenceId,
    DialledNumber,
    LimitsWords,
    PoolSizes,
    ServiceWord,
    Subject,
)
from commcredits.operations.rules import Rules


def _strict(**example: Any) -> ConfigDict:
    """A body that takes its own fields and no others."""
    return ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [dict(example)]})


class RulesToSave(BaseModel):
    """All rules of an organization; what is left out, or null, is as it is where nobody has set anything.

    A limit of null is none. ``currency``, when given, must be the organization's.
    """

    model_config = _strict(
        dial_out={"conference": "zone_a", "user": "international_and_domestic"},
        premium_allowed=False,
        calls_without_user="credits",
        pool_size_by={"MCOPSTN1": "purchased"},
        international_stops_both=False,
        limits={
            "calls_max": 100,
            "user_monthly_max": "25.00",
            "department_monthly_max": {"Vânzări": "500.00"},
            "user_hourly_max": "10.00",
            "destination_daily_max": "50.00",
            "destination_factor": 3,
            "toll_free_caller_daily_max": "5.00",
        },
        currency="EUR",
    )

    dial_out: DialOutWords | None = None
    premium_allowed: Flag = False
    calls_without_user: CallsWithoutUserWord = CallsWithoutUser.CREDITS
    pool_size_by: PoolSizes | None = None
    international_stops_both: Flag = False
    limits: LimitsWords | None = None
    currency: CurrencyCode | None = None

    def rules(self) -> Rules:
        """The rules as the operations take them."""
        return Rules(
            dial_out=self.dial_out or DialOutPolicy(),
            premium_allowed=self.premium_allowed,
            calls_without_user=self.calls_without_user,
            pool_size_by=self.pool_size_by or {},
            international_stops_both=self.international_stops_both,
            limits=self.limits or Limits(),
        )


class BlockToSet(BaseModel):
    """Whom or what to block: a user by object id or user principal name, or a country by its code (ISO 3166-1)."""

    model_config = _strict(kind="destination", subject="LV")

    kind: BlockedKindWord
    subject: Subject


class CallToAskAbout(BaseModel):
    """A call that somebody would like to make.

    ``user`` is an object id or a user principal name: who calls, the organizer of a conference, or a resource account.
    Left out, it is whoever has ``caller``; left out, that is the user's first number. ``service`` and ``call_type`` are
    as in authorise.
    """

    model_config = _strict(user="front.desk@example.com", callee="+442079460000")

    callee: DialledNumber
    caller: E164Number | None = None
    user: UserName | None = None
    service: ServiceWord | None = None
    call_type: CallTypeWord | None = None
    conference_id: ConferenceId | None = None
