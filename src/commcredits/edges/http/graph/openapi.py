"""The call-record API in OpenAPI 3.1, into whose document of both interfaces this is merged.

Knows the paths with a version, one of each, and the fields of each row. Refuses to describe the same path again without
its version: every path is served so too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from commcredits.core.commands import CallType
from commcredits.edges.http.graph.requests import Resource
from commcredits.operations.call_record_api import PERIOD_DAYS_MAX, ROWS_MAX
from commcredits.operations.call_records import NumberType

TAG: Final = "Call records"
ROOT: Final = "/graph/v1.0/communications"

_JSON: Final = "application/json"
_TEXT: Final = {"type": "string"}
_TEXT_OR_NULL: Final = {"type": ["string", "null"]}
_COUNTRY_OR_NULL: Final = {"type": ["string", "null"], "pattern": "^[A-Z]{2}$", "description": "ISO 3166-1 alpha-2."}
_TIME: Final = {"type": "string", "format": "date-time"}
_WHOLE: Final = {"type": "integer", "minimum": 0}
_AMOUNT: Final = {"type": "number", "description": "In the currency's major unit, with six decimals."}
_CURRENCY: Final = {"type": "string", "pattern": "^[A-Z]{3}$"}
_CONTEXT: Final = {"type": ["string", "null"], "enum": ["Domestic", "International", None]}
_FLAG: Final = {"type": "boolean"}

_WHO: Final = {"userId": _TEXT_OR_NULL, "userPrincipalName": _TEXT_OR_NULL, "userDisplayName": _TEXT_OR_NULL}
_CALL: Final = {
    "id": {"type": "string", "format": "uuid"},
    "callId": {"type": "string", "maxLength": 64},
    **_WHO,
    "startDateTime": _TIME,
    "endDateTime": _TIME,
    "duration": _WHOLE,
    "charge": _AMOUNT,
    "callType": {"type": "string", "enum": [each.value for each in CallType]},
    "currency": _CURRENCY,
    "calleeNumber": _TEXT_OR_NULL,
    "usageCountryCode": _COUNTRY_OR_NULL,
    "tenantCountryCode": _COUNTRY_OR_NULL,
    "otherPartyCountryCode": _COUNTRY_OR_NULL,
    "connectionCharge": _AMOUNT,
    "callerNumber": _TEXT_OR_NULL,
    "destinationContext": _CONTEXT,
    "destinationName": _TEXT_OR_NULL,
    "conferenceId": _TEXT_OR_NULL,
    "licenseCapability": _TEXT_OR_NULL,
    "inventoryType": {"type": "string", "enum": [each.value for each in NumberType]},
    "operator": _TEXT_OR_NULL,
    "callDurationSource": {"type": "string", "enum": ["operator"]},
}
_BLOCKED: Final = {
    **_WHO,
    "userTelephoneNumber": _TEXT_OR_NULL,
    "blockDateTime": _TIME,
    "blockReason": _TEXT,
    "userBlockMode": {"type": "string", "enum": ["blocked", "unblocked"]},
    "remediationId": {"type": "string", "format": "uuid"},
}
_DIAL_OUT: Final = {
    **_WHO,
    "usageLocation": _COUNTRY_OR_NULL,
    "destinationContext": _CONTEXT,
    "currency": _CURRENCY,
    "totalCalls": _WHOLE,
    "totalCallCharge": _AMOUNT,
    "totalCallSeconds": _WHOLE,
}
_BALANCE: Final = {
    "@odata.context": _TEXT,
    **dict.fromkeys(("available", "posted", "held", "owed", "creditLine", "creditLineUsed"), _AMOUNT),
    "currency": _CURRENCY,
    "asOfDateTime": _TIME,
    "postUsage": _FLAG,
}
_POOL: Final = {
    "month": _TEXT,
    "usageCountryCode": _COUNTRY_OR_NULL,
    "licenseCapability": _TEXT,
    "capabilityDescription": _TEXT,
    "international": _FLAG,
    **dict.fromkeys(("totalMinutes", "usedMinutes", "heldMinutes", "availableMinutes"), _WHOLE),
    "callsBeyond": _WHOLE,
    "secondsBeyond": _WHOLE,
    "chargeBeyond": _AMOUNT,
}
_FUND: Final = {
    "id": {"type": "string", "format": "uuid"},
    "source": _TEXT,
    "purchaseDateTime": _TIME,
    "expiryDateTime": _TIME,
    "amount": _AMOUNT,
    "available": _AMOUNT,
    "held": _AMOUNT,
    "currency": _CURRENCY,
}
_ROWS: Final[Mapping[Resource, tuple[str, str, Mapping[str, Any]]]] = {
    Resource.CALLS: ("PstnCallLogRow", "List call records of a period, oldest first", _CALL),
    Resource.BLOCKED_USERS: ("PstnBlockedUsersLogRow", "List when users were blocked and unblocked", _BLOCKED),
    Resource.DIAL_OUT: ("PstnOnlineMeetingDialoutReport", "Show what each organizer's dial-out came to", _DIAL_OUT),
    Resource.BALANCE: ("CreditsBalance", "Show the balance", _BALANCE),
    Resource.POOLS: ("CreditsPool", "List the minute pools of the month", _POOL),
    Resource.FUNDS: ("CreditsFundLot", "List the fund lots in order of use", _FUND),
}
_ERROR: Final = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "innerError"],
            "properties": {
                "code": _TEXT,
                "message": _TEXT,
                "innerError": {
                    "type": "object",
                    "properties": {"date": _TEXT, "request-id": _TEXT, "client-request-id": _TEXT},
                },
            },
        }
    },
}
_ERRORS: Final[Mapping[str, str]] = {
    "400": "Something about the request is wrong; the message says what.",
    "401": "No token, or none that is valid.",
    "403": "The token is not for this.",
    "404": "There is no such organization, or nothing at this path.",
    "500": "The request failed inside.",
    "503": "Busy; ask again after a second.",
}


def graph_openapi() -> dict[str, Any]:
    """Paths, tag and schemas of the call-record API."""
    schemas: dict[str, Any] = {"CallRecordError": _ERROR}
    paths: dict[str, Any] = {}
    for resource, (name, summary, fields) in _ROWS.items():
        schemas[name] = _object(fields)
        answer = name
        if resource is not Resource.BALANCE:
            answer = f"{name}Page"
            schemas[answer] = _page(name)
        paths[_path_of(resource)] = {"get": _operation(resource, summary, answer)}
    return {
        "tags": [
            {
                "name": TAG,
                "description": "Call records in the shape of Microsoft Graph's, so that report tools written for it "
                "work; served under /graph/v1.0, /graph/beta, /v1.0, /beta and without a version alike. Errors have "
                "that system's shape too.",
            }
        ],
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _path_of(resource: Resource) -> str:
    if not resource.is_function:
        return f"{ROOT}/{resource.value}"
    return f"{ROOT}/callRecords/{resource.value}(fromDateTime={{fromDateTime}},toDateTime={{toDateTime}})"


def _operation(resource: Resource, summary: str, answer: str) -> dict[str, Any]:
    parameters: list[dict[str, Any]] = [
        _parameter("organization_id", "query", "Whose records, where the token is an operator's.", _TEXT)
    ]
    if resource.is_function:
        told = f"A date or an instant in UTC, included; a period has at most {PERIOD_DAYS_MAX} days."
        parameters += [_parameter(name, "path", told, _TEXT) for name in ("fromDateTime", "toDateTime")]
        top = {"type": "integer", "minimum": 1, "maximum": ROWS_MAX}
        parameters.append(_parameter("$top", "query", "How many rows a page may hold.", top))
        parameters.append(_parameter("$skiptoken", "query", "From the @odata.nextLink of the page before.", _TEXT))
    responses = {"200": _response("The rows." if answer.endswith("Page") else "The balance.", answer)}
    responses |= {status: _response(text, "CallRecordError") for status, text in _ERRORS.items()}
    return {
        "tags": [TAG],
        "operationId": f"graph_{resource.value.replace('/', '_')}",
        "summary": summary,
        "parameters": parameters,
        "responses": responses,
    }


def _parameter(name: str, place: str, description: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": place, "required": place == "path", "description": description, "schema": schema}


def _response(description: str, schema: str) -> dict[str, Any]:
    return {
        "description": description,
        "content": {_JSON: {"schema": {"$ref": f"#/components/schemas/{schema}"}}},
    }


def _object(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": list(fields), "properties": dict(fields), "additionalProperties": False}


def _page(name: str) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["@odata.context", "@odata.count", "value"],
        "properties": {
            "@odata.context": _TEXT,
            "@odata.count": _WHOLE,
            "@odata.nextLink": _TEXT,
            "value": {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}},
        },
        "additionalProperties": False,
    }
