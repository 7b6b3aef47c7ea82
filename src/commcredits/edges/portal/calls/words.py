"""Words for why a call cost what it cost: rows of the table of who pays, steps of a call, limits, flags of rates.

Knows every member of those lists; a test fails on a hole. Refuses to know languages: the words are marked here and
translated where they are shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from commcredits.core.ledger import TransferReason
from commcredits.core.outcomes import RefusalCode
from commcredits.edges.translations import marked

ROWS: Final[Mapping[int, str]] = {
    1: marked("A user was called on a user number: that is free."),
    2: marked("A domestic call by somebody whose plan has minutes: first the domestic minutes, then credits."),
    3: marked("An international call with a domestic plan: credits pay from the first second."),
    4: marked("An international call to a country of the plan: first the international minutes, then credits."),
    5: marked("A call outside the countries of the plan: credits pay from the first second."),
    6: marked("An outbound call with Pay-As-You-Go, or without a plan: credits pay from the first second."),
    7: marked("A transfer, a forwarded call or a third party: paid as if it had been dialled, by its destination."),
    8: marked("A premium-rate number: credits pay, where such numbers are allowed."),
    9: marked("A dial-in on a toll number of the conference bridge: included."),
    10: marked("A dial-in on a toll-free number of the conference bridge: credits pay."),
    11: marked("A conference dial-out to Zone A: first the dial-out minutes, then credits."),
    12: marked("A conference dial-out that no minutes cover: credits pay from the first second."),
    13: marked("A conference dial-out to the US or Canada with the extended dial-out: the licence covers it."),
    14: marked("A conference leg with pay-per-minute conferencing: credits pay every leg."),
    15: marked("A call to a toll number of an auto attendant or call queue: included."),
    16: marked("A call to a toll-free number of an auto attendant, a call queue or a person: credits pay."),
    17: marked("An auto attendant or call queue transferred the call: its own plan pays, then credits."),
    18: marked("A call to a number that is assigned to nobody: credits pay."),
    19: marked("Shared calling: the plan of the resource account pays, then credits."),
    20: marked("An emergency call: always let through, never charged and never counted."),
    21: marked("No rate was known for the destination."),
    22: marked("A call over your own carrier: recorded only, paid elsewhere."),
}
"""The rows of the table of who pays, by number (domain.md §5)."""

PLAIN_WALLET: Final = marked("This organization has no licences and no rules: every call is paid from the balance.")

STEPS: Final[Mapping[str, str]] = {
    "authorise": marked("Asked for, and granted"),
    "start": marked("Answered"),
    "update": marked("Went on"),
    "end": marked("Ended"),
    "record": marked("Told after the fact"),
    "correct": marked("Priced anew"),
    "refund": marked("Charged for less"),
}
"""What the telephone system was answered, by step."""

CAPS: Final[Mapping[str, str]] = {
    "calls": marked("Calls at once"),
    "calls:user": marked("Calls at once by one user"),
    "cap:user": marked("Monthly cap of the user"),
    "cap:department": marked("Monthly cap of the department"),
    "velocity:user": marked("Hourly limit of the user"),
    "destination": marked("Daily limit of the destination"),
    "caller": marked("Daily limit of the toll-free caller"),
}
"""Limits by the beginning of their meter's key."""

LATER: Final[Mapping[TransferReason, str]] = {
    TransferReason.CALL_CORRECTION: marked("Given back to the balance"),
    TransferReason.DEBT_CORRECTION: marked("Taken off what was owed"),
}
"""What changed a call's charge later."""

WHY_REFUSED: Final[Mapping[RefusalCode, str]] = {
    RefusalCode.INSUFFICIENT_FUNDS: marked("The balance does not cover the beginning of the call."),
    RefusalCode.ORGANIZATION_CLOSED: marked("The organization is closed: new calls are refused."),
    RefusalCode.NO_RATE: marked("No rate is known for this destination, so nobody can say what the call would cost."),
    RefusalCode.CREDITS_NOT_LICENSED: marked(
        "No included minutes are left for this call, and the user may not draw on the balance: the Communications "
        "Credits licence is missing."
    ),
    RefusalCode.UNKNOWN_USER: marked("The call names a user who is not in this organization."),
    RefusalCode.USER_REQUIRED: marked("The call belongs to no user of the organization, which is not allowed."),
    RefusalCode.DIAL_OUT_NOT_ALLOWED: marked("The dial-out policy does not allow this destination."),
    RefusalCode.PREMIUM_NOT_ALLOWED: marked("Premium-rate numbers are not allowed."),
    RefusalCode.TOLL_FREE_NOT_ALLOWED: marked("Toll-free numbers are switched off for this organizer or account."),
    RefusalCode.CAP_REACHED: marked("A cap on spending leaves nothing for this call."),
    RefusalCode.TOO_MANY_CALLS: marked("As many calls as are allowed run at once already."),
    RefusalCode.BLOCKED: marked("Calls like this are blocked, because they cost far more than expected or by hand."),
}
"""Why a call was refused; any other refusal as the portal says it."""
