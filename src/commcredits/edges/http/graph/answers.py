"""The JSON of the call-record API: rows with the names that report tools know, pages, and errors.

Knows names, nulls and the envelope (OData JSON format 4.01). Refuses to know where rows come from. Amounts are numbers
with six decimals, written exactly, never as floating point.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from commcredits.core.calendar import instant_text
from commcredits.core.money import format_micros
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.roster import BlockReason
from commcredits.edges.http.graph.requests import Resource
from commcredits.edges.http.problems import HTTP_FAULTS, HttpFault, refusal_problem
from commcredits.operations.call_record_api import BlockedUser, DialOutSum
from commcredits.operations.call_records import DURATION_SOURCE, UsageRow
from commcredits.operations.pools import PoolsReport
from commcredits.operations.reports import Balance, LotRecord

TYPES: Final[Mapping[Resource, str]] = {
    Resource.CALLS: "microsoft.graph.callRecords.pstnCallLogRow",
    Resource.BLOCKED_USERS: "microsoft.graph.callRecords.pstnBlockedUsersLogRow",
    Resource.DIAL_OUT: "microsoft.graph.callRecords.pstnOnlineMeetingDialoutReport",
    Resource.BALANCE: "commcredits.balance",
    Resource.POOLS: "commcredits.pool",
    Resource.FUNDS: "commcredits.fundLot",
}
"""What each row is, as the context of an answer names it."""

_REASONS: Final[Mapping[BlockReason, str]] = {
    BlockReason.SPEND_VELOCITY: "More was spent within an hour or a day than the organization's fraud limit allows.",
    BlockReason.DESTINATION_ANOMALY: "Far more was spent on one country than usual.",
    BlockReason.BY_ADMINISTRATOR: "An administrator blocked the user.",
}
_ERRORS: Final[Mapping[int, str]] = {
    400: "BadRequest",
    401: "InvalidAuthenticationToken",
    403: "Forbidden",
    404: "ResourceNotFound",
    405: "MethodNotAllowed",
    409: "Conflict",
    500: "generalException",
    503: "serviceNotAvailable",
}
_encode: Final = msgspec.json.Encoder().encode


def collection(
    context_root: str, resource: Resource, rows: Iterable[Mapping[str, Any]], next_link: str | None
) -> bytes:
    """A page. ``@odata.count`` says how many rows are on it, as the other system has it."""
    value = list(rows)
    document: dict[str, Any] = {
        "@odata.context": f"{context_root}/$metadata#Collection({TYPES[resource]})",
        "@odata.count": len(value),
    }
    if next_link is not None:
        document["@odata.nextLink"] = next_link
    return _encode({**document, "value": value})


def entity(context_root: str, resource: Resource, fields: Mapping[str, Any]) -> bytes:
    """One thing that is no list."""
    return _encode({"@odata.context": f"{context_root}/$metadata#{TYPES[resource]}", **fields})


def call_row(row: UsageRow, tenant_country: str) -> dict[str, Any]:
    """A row of getPstnCalls."""
    return {
        "id": row.usage_id,
        "callId": row.call_id,
        "userId": row.object_id or None,
        "userPrincipalName": row.user_principal_name or None,
        "userDisplayName": row.display_name or None,
        "startDateTime": instant_text(row.started_at),
        "endDateTime": instant_text(row.ended_at),
        "duration": row.duration_seconds,
        "charge": _amount(row.charge_micros),
        "callType": row.call_type.value,
        "currency": row.currency,
        "calleeNumber": row.callee or None,
        "usageCountryCode": row.user_location or None,
        "tenantCountryCode": tenant_country,
        "otherPartyCountryCode": row.external_country or None,
        "connectionCharge": _amount(row.fee_micros),
        "callerNumber": row.caller or None,
        "destinationContext": _context(row.domestic),
        "destinationName": row.destination or None,
        "conferenceId": row.conference_id or None,
        "licenseCapability": row.capability or None,
        "inventoryType": row.number_type.value,
        "operator": row.operator or None,
        "callDurationSource": DURATION_SOURCE,
    }


def blocked_row(row: BlockedUser) -> dict[str, Any]:
    """A row of getPstnBlockedUsersLog; the reason is always said."""
    return {
        "userId": row.user_id,
        "userPrincipalName": row.user_principal_name or None,
        "userDisplayName": row.display_name or None,
        "userTelephoneNumber": row.number or None,
        "blockDateTime": instant_text(row.at),
        "blockReason": _REASONS[row.reason],
        "userBlockMode": "blocked" if row.blocked else "unblocked",
        "remediationId": row.block_id,
    }


def dial_out_row(row: DialOutSum) -> dict[str, Any]:
    """A row of getPstnOnlineMeetingDialoutReport; the charge is charges and connection fees together."""
    return {
        "userId": row.user_id or None,
        "userPrincipalName": row.user_principal_name or None,
        "userDisplayName": row.display_name or None,
        "usageLocation": row.usage_location or None,
        "destinationContext": _context(row.domestic),
        "currency": row.currency,
        "totalCalls": row.calls,
        "totalCallCharge": _amount(row.charged_micros),
        "totalCallSeconds": row.seconds,
    }


def balance(record: Balance) -> dict[str, Any]:
    """The balance."""
    return {
        "available": _amount(record.available_micros),
        "posted": _amount(record.posted_micros),
        "held": _amount(record.held_micros),
        "owed": _amount(record.owed_micros),
        "currency": record.currency,
        "asOfDateTime": instant_text(record.as_of),
        "postUsage": record.post_usage,
        "creditLine": _amount(record.credit_line_micros),
        "creditLineUsed": _amount(record.credit_line_used_micros),
    }


def pools(report: PoolsReport) -> list[dict[str, Any]]:
    """The minute pools of the current month, each with what calls beyond it cost."""
    return [
        {
            "month": report.month,
            "usageCountryCode": pool.country or None,
            "licenseCapability": pool.capability,
            "capabilityDescription": pool.description,
            "international": pool.international,
            "totalMinutes": pool.total_minutes,
            "usedMinutes": pool.used_minutes,
            "heldMinutes": pool.held_minutes,
            "availableMinutes": pool.available_minutes,
            "callsBeyond": pool.beyond.calls,
            "secondsBeyond": pool.beyond.seconds,
            "chargeBeyond": _amount(pool.beyond.charged_micros),
        }
        for pool in report.pools
    ]


def fund(lot: LotRecord, currency: str) -> dict[str, Any]:
    """A fund lot with anything left."""
    return {
        "id": lot.lot_id,
        "source": lot.source.value,
        "purchaseDateTime": instant_text(lot.purchased_at),
        "expiryDateTime": instant_text(lot.expires_at),
        "amount": _amount(lot.amount_micros),
        "available": _amount(lot.free_micros),
        "held": _amount(lot.held_micros),
        "currency": currency,
    }


def refusal(refused: Refused, request_id: str, client_request_id: str, at: datetime) -> tuple[int, bytes]:
    """A refusal as an error, with the sentence that every interface over HTTP gives."""
    problem = refusal_problem(refused)
    status = 400 if refused.code is RefusalCode.INVALID_INPUT else problem.status
    message = str(problem.document.get("detail") or problem.document["title"])
    errors = problem.document.get("errors")
    if errors:
        message = "; ".join(str(each["message"]) for each in errors)
    return status, error(status, message, request_id, client_request_id, at)


def fault(told: HttpFault, request_id: str, client_request_id: str, at: datetime) -> tuple[int, bytes]:
    """What is wrong with a request itself, as an error."""
    kind = HTTP_FAULTS[told]
    return kind.status, error(kind.status, kind.detail, request_id, client_request_id, at)


def error(status: int, message: str, request_id: str, client_request_id: str, at: datetime) -> bytes:
    """An error in the shape that clients of the other system read."""
    inner = {
        "date": at.strftime("%Y-%m-%dT%H:%M:%S"),
        "request-id": request_id,
        "client-request-id": client_request_id,
    }
    code = _ERRORS.get(status, "generalException")
    return _encode({"error": {"code": code, "message": message, "innerError": inner}})


def _context(domestic: bool | None) -> str | None:  # noqa: FBT001 - a value of three, not a switch
    if domestic is None:
        return None
    return "Domestic" if domestic else "International"


def _amount(micros: int) -> msgspec.Raw:
    """An exact decimal as a JSON number."""
    return msgspec.Raw(format_micros(micros).encode())
