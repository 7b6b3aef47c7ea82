"""Words of the reports: dimensions, buckets, lines of statements, call types.

Knows every member of those lists; a test fails on a hole. Refuses to know languages: the words are marked here and
translated where they are shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from commcredits.core.commands import CallType
from commcredits.edges.translations import marked
from commcredits.operations.spending import SpendingBy, SpendingEvery
from commcredits.operations.statements import StatementEntry

BY: Final[Mapping[SpendingBy, str]] = {
    SpendingBy.DEPARTMENT: marked("Department"),
    SpendingBy.USER: marked("User"),
    SpendingBy.DESTINATION: marked("Destination"),
    SpendingBy.SERVICE: marked("Service"),
    SpendingBy.CAPABILITY: marked("Capability"),
}
"""What spending is told by."""

EVERY: Final[Mapping[SpendingEvery, str]] = {
    SpendingEvery.DAY: marked("By day"),
    SpendingEvery.WEEK: marked("By week"),
    SpendingEvery.MONTH: marked("By month"),
}
"""How time is told."""

NONE_OF: Final[Mapping[SpendingBy, str]] = {
    SpendingBy.DEPARTMENT: marked("No department"),
    SpendingBy.USER: marked("Nobody's calls"),
    SpendingBy.DESTINATION: marked("No country"),
    SpendingBy.SERVICE: marked("No service"),
    SpendingBy.CAPABILITY: marked("No licence"),
}
"""What a line without a key is."""

ENTRIES: Final[Mapping[StatementEntry, str]] = {
    StatementEntry.PURCHASES: marked("Funds bought"),
    StatementEntry.PROMOTIONS: marked("Promotional funds"),
    StatementEntry.MOVED_IN: marked("Balance moved in"),
    StatementEntry.USE: marked("Calls"),
    StatementEntry.GIVEN_BACK: marked("Given back for calls"),
    StatementEntry.REFUNDS: marked("Refunded purchases"),
    StatementEntry.REFUNDS_UNDONE: marked("Refunds that did not arrive"),
    StatementEntry.EXPIRY: marked("Expired funds"),
    StatementEntry.CLOSING: marked("Forfeited at closing"),
    StatementEntry.DISPUTES: marked("Frozen by a dispute"),
    StatementEntry.DISPUTES_WON: marked("Free again after a dispute"),
    StatementEntry.ADJUSTMENTS: marked("Adjustments by the operator"),
    StatementEntry.DEBT_REPAID: marked("What was owed, repaid"),
    StatementEntry.CREDIT_LINE: marked("Line of credit"),
}
"""The lines of a statement."""

CALL_TYPES: Final[Mapping[CallType, str]] = {
    CallType.USER_IN: marked("Call to a user"),
    CallType.USER_OUT: marked("Call by a user"),
    CallType.USER_OUT_TRANSFER: marked("Transfer"),
    CallType.USER_OUT_FORWARDING: marked("Forwarding"),
    CallType.USER_OUT_CONF: marked("Third party added"),
    CallType.CONF_IN: marked("Conference dial-in"),
    CallType.CONF_OUT: marked("Conference dial-out"),
    CallType.UCAP_IN: marked("Call to an auto attendant or queue"),
    CallType.UCAP_OUT: marked("Transfer by an auto attendant or queue"),
    CallType.UNASSIGNED_IN: marked("Call to an unassigned number"),
    CallType.EMERGENCY_OUT: marked("Emergency call"),
    CallType.DR_IN: marked("Inbound, own carrier"),
    CallType.DR_OUT: marked("Outbound, own carrier"),
}
"""Types of calls."""
