"""Every "no" that the HTTP interfaces can give, as problem documents (RFC 9457), in one complete table.

Knows which status, title and sentence belong to each refusal of the core and to each fault of a request itself. Refuses
to know why something was refused, who asked, and which web framework carries the answer: the charging listener and
the administration API both answer with what stands here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from commcredits.core.money import format_micros
from commcredits.core.outcomes import RefusalCode, Refused

PROBLEM_MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER_SECONDS: Final = 1
"""How long a caller waits before it asks again after "busy": the queue empties in milliseconds."""

SHOWN_VALUE_CHARACTERS_MAX: Final = 64
"""How much of a refused value is repeated to the sender."""

_FIELD_ERRORS_MAX: Final = 20
_TYPE_PREFIX: Final = "urn:commcredits:refusal:"
_MICROS_SUFFIX: Final = "_micros"
_FIELD_FACTS: Final = {"field", "value", "allowed"}


class HttpFault(StrEnum):
    """What can be wrong with a request before any command is read from it. Stable: interfaces show these words."""

    MALFORMED_REQUEST = "malformed_request"
    MALFORMED_JSON = "malformed_json"
    UNAUTHORISED = "unauthorised"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    REQUEST_TIMEOUT = "request_timeout"
    PAYLOAD_TOO_LARGE = "payload_too_large"
    EXPECTATION_FAILED = "expectation_failed"
    HEADER_TOO_LARGE = "header_too_large"
    INTERNAL_ERROR = "internal_error"
    TOO_MANY_CONNECTIONS = "too_many_connections"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    MESSAGE_NOT_PROVEN = "message_not_proven"
    NOT_READY = "not_ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemKind:
    """How one code appears on HTTP: its status, its title (the same every time) and the sentence that explains it."""

    status: int
    title: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """One field that was refused: its name, the value given (shortened), what is allowed, and both in a sentence."""

    field: str
    value: str
    allowed: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A problem document and the status it travels with."""

    status: int
    document: Mapping[str, Any]


def _kind(status: int, title: str, detail: str) -> ProblemKind:
    return ProblemKind(status=status, title=title, detail=detail)


REFUSALS: Final[Mapping[RefusalCode, ProblemKind]] = {
    RefusalCode.INSUFFICIENT_FUNDS: _kind(
        402, "Insufficient funds", "The available balance does not cover the next increment of this call."
    ),
    RefusalCode.ORGANIZATION_CLOSED: _kind(403, "Organization closed", "The organization makes no new calls."),
    RefusalCode.UNKNOWN_ORGANIZATION: _kind(404, "Unknown organization", "There is no organization with this id."),
    RefusalCode.UNKNOWN_NUMBER: _kind(404, "Unknown number", "The number belongs to no organization."),
    RefusalCode.NO_RATE: _kind(403, "No rate", "The organization's rate deck has no rate for this destination now."),
    RefusalCode.UNKNOWN_SESSION: _kind(404, "Unknown session", "No call was authorised under this session id."),
    RefusalCode.SESSION_ENDED: _kind(409, "Session ended", "The call is over; it can be neither started nor extended."),
    RefusalCode.STALE_REQUEST: _kind(
        409, "Stale request", "A later request of this session was answered before; this one changes nothing."
    ),
    RefusalCode.CONFLICT: _kind(409, "Conflict", "The same id was used before with other content."),
    RefusalCode.BUSY: _kind(503, "Busy", "More commands are waiting than can be taken. Send the same request again."),
    RefusalCode.INTERNAL_ERROR: _kind(
        500, "Internal error", "The command failed inside. It may be sent again with the same id."
    ),
    RefusalCode.INVALID_INPUT: _kind(422, "Invalid input", "At least one field is not as it must be; see errors."),
    RefusalCode.AMOUNT_BELOW_MINIMUM: _kind(422, "Amount below minimum", "The amount is less than may be bought."),
    RefusalCode.AMOUNT_ABOVE_MAXIMUM: _kind(
        422, "Amount above maximum", "The amount is more than may be bought at once."
    ),
    RefusalCode.AMOUNT_NOT_PAYABLE: _kind(
        422, "Amount not payable", "The currency has no coins for this amount; use fewer decimals."
    ),
    RefusalCode.TRIGGER_NOT_ALLOWED: _kind(
        422, "Trigger amount not allowed", "The trigger amount is outside what auto-recharge accepts."
    ),
    RefusalCode.CAP_BELOW_AMOUNT: _kind(
        422, "Monthly cap below recharge amount", "A monthly cap below the recharge amount would never recharge."
    ),
    RefusalCode.CURRENCY_MISMATCH: _kind(
        409, "Currency mismatch", "The organization's currency and that of the request differ."
    ),
    RefusalCode.COUNTRY_NOT_AVAILABLE: _kind(
        403, "Country not available", "Communication credits cannot be bought in this country."
    ),
    RefusalCode.UNKNOWN_PAYMENT_METHOD: _kind(
        422, "Unknown payment method", "No payment method of the organization has this name."
    ),
    RefusalCode.PAYMENT_DECLINED: _kind(402, "Payment declined", "The payment was declined; no funds were added."),
    RefusalCode.UNKNOWN_TOP_UP: _kind(404, "Unknown top-up", "The organization has no top-up with this id."),
    RefusalCode.TOP_UP_OPEN: _kind(409, "Top-up open", "Another top-up of the organization is still being paid."),
    RefusalCode.UNKNOWN_RATE_DECK: _kind(404, "Unknown rate deck", "There is no rate deck with this id."),
    RefusalCode.NUMBER_TAKEN: _kind(409, "Number taken", "The number belongs to an organization already."),
    RefusalCode.EXPIRY_NOT_ALLOWED: _kind(
        422, "Expiry not allowed", "The funds would expire at an instant that is not allowed."
    ),
    RefusalCode.TOO_MANY_LOTS: _kind(
        409, "Too many fund lots", "The organization holds as many unused fund lots as it may."
    ),
    RefusalCode.CREDITS_NOT_LICENSED: _kind(
        403,
        "Credits not licensed",
        "No minutes are left for this call, and whoever it belongs to has no Communications Credits licence.",
    ),
    RefusalCode.UNKNOWN_USER: _kind(
        404, "Unknown user", "The organization has no user and no resource account by this name."
    ),
    RefusalCode.USER_REQUIRED: _kind(
        403, "User required", "The organization refuses calls that belong to none of its users or resource accounts."
    ),
    RefusalCode.USER_TAKEN: _kind(
        409, "User taken", "Another user of the organization has this object id or user principal name."
    ),
    RefusalCode.DIAL_OUT_NOT_ALLOWED: _kind(
        403, "Dial-out not allowed", "The dial-out policy does not allow this destination."
    ),
    RefusalCode.PREMIUM_NOT_ALLOWED: _kind(
        403, "Premium number not allowed", "Premium-rate numbers are not allowed for this call."
    ),
    RefusalCode.TOLL_FREE_NOT_ALLOWED: _kind(
        403, "Toll-free not allowed", "Calls to toll-free numbers are switched off for this organizer."
    ),
    RefusalCode.CAP_REACHED: _kind(403, "Cap reached", "A cap that somebody set leaves nothing for this call."),
    RefusalCode.TOO_MANY_CALLS: _kind(403, "Too many calls", "As many calls run at once as are allowed."),
    RefusalCode.BLOCKED: _kind(403, "Blocked", "Calls like this are blocked until somebody lifts the block."),
    RefusalCode.UNKNOWN_BLOCK: _kind(404, "Unknown block", "The organization has no block with this id."),
    RefusalCode.LICENCE_NOT_AVAILABLE: _kind(
        409, "Licence not available", "As many licences are assigned as were purchased."
    ),
    RefusalCode.LICENCE_CONFLICT: _kind(409, "Licence conflict", "These licences cannot be held together."),
    RefusalCode.QUOTA_REACHED: _kind(
        403, "Quota reached", "The organization has as many numbers of this kind as its licences allow."
    ),
    RefusalCode.NUMBER_NOT_AVAILABLE: _kind(
        409, "Number not available", "The number is not in stock, or is reserved for somebody else."
    ),
    RefusalCode.CREDITS_NOT_SET_UP: _kind(
        403,
        "Credits not set up",
        "A toll-free number can be acquired only once communication credits are set up: add funds first.",
    ),
    RefusalCode.NUMBER_IN_USE: _kind(
        409, "Number in use", "The number is assigned; take it from whoever has it first."
    ),
    RefusalCode.RATE_DECK_NOT_DRAFT: _kind(
        409, "Rate deck not a draft", "The rate deck is published already; a published deck never changes."
    ),
    RefusalCode.RATE_DECK_NOT_PUBLISHED: _kind(
        409, "Rate deck not published", "The rate deck is a draft; publish it first."
    ),
    RefusalCode.SWITCH_NOT_LINKED: _kind(
        409, "Switch not linked", "The switch that runs this call has no link over which it could be told anything."
    ),
    RefusalCode.TARGET_NOT_ALLOWED: _kind(
        422, "Target not allowed", "The target must lie above the trigger, and not above the largest top-up."
    ),
    RefusalCode.POST_USAGE: _kind(
        409, "Billed after use", "The organization pays calls after use: it cannot buy funds or recharge."
    ),
    RefusalCode.PAYMENT_METHOD_IN_USE: _kind(
        409, "Payment method in use", "Auto-recharge pays with this method; choose another one first."
    ),
    RefusalCode.PAYMENT_METHOD_NOT_ALLOWED: _kind(
        422, "Payment method not allowed", "This payment method cannot be used in this place."
    ),
    RefusalCode.TOO_MANY_ATTEMPTS: _kind(
        429, "Too many attempts", "Too much was tried in a short time. Wait, and try again."
    ),
    RefusalCode.PAYMENT_NOT_OPEN: _kind(409, "Payment not open", "This payment does not wait for a confirmation."),
    RefusalCode.NOTHING_TO_REFUND: _kind(409, "Nothing to refund", "As much is not left unused of this purchase."),
    RefusalCode.UNKNOWN_REFUND: _kind(404, "Unknown refund", "The organization has no refund with this id."),
    RefusalCode.CURRENCY_FIXED: _kind(
        409, "Currency fixed", "The currency cannot change any more: the organization has had funds."
    ),
    RefusalCode.VOUCHER_NOT_VALID: _kind(
        409,
        "Voucher not valid",
        "No voucher with this code can be redeemed here: it is unknown, used, expired or in another currency.",
    ),
    RefusalCode.UNKNOWN_ADJUSTMENT: _kind(
        404, "Unknown adjustment", "The organization has no adjustment with this id."
    ),
    RefusalCode.ADJUSTMENT_SETTLED: _kind(409, "Adjustment settled", "The adjustment was made or rejected already."),
    RefusalCode.SECOND_PERSON_REQUIRED: _kind(
        403, "Second person required", "Somebody else than who asked for it has to agree."
    ),
    RefusalCode.TAX_ID_NOT_VALID: _kind(422, "Tax id not valid", "The tax id is not one of this country."),
    RefusalCode.UNKNOWN_RECEIPT: _kind(404, "Unknown receipt", "The organization has no receipt with this number."),
    RefusalCode.UNKNOWN_ENDPOINT: _kind(
        404, "Unknown endpoint", "The organization has no webhook endpoint with this id."
    ),
    RefusalCode.UNKNOWN_DELIVERY: _kind(404, "Unknown delivery", "The organization has no delivery with this id."),
    RefusalCode.ADDRESS_NOT_ALLOWED: _kind(422, "Address not allowed", "Webhooks go to public https addresses only."),
    RefusalCode.GATEWAY_NOT_READY: _kind(
        503, "Gateway not ready", "The payment gateway gave no usable answer; nothing was done. Try again."
    ),
}
"""Each refusal of the core on HTTP. A test fails when a code has no line here."""

HTTP_FAULTS: Final[Mapping[HttpFault, ProblemKind]] = {
    HttpFault.MALFORMED_REQUEST: _kind(400, "Malformed request", "The request is not well-formed HTTP/1.1."),
    HttpFault.MALFORMED_JSON: _kind(400, "Malformed JSON", "The body is not one well-formed JSON value in UTF-8."),
    HttpFault.UNAUTHORISED: _kind(
        401, "Unauthorised", "The request needs a valid token in its header Authorization: Bearer."
    ),
    HttpFault.NOT_FOUND: _kind(404, "Not found", "There is nothing at this path."),
    HttpFault.METHOD_NOT_ALLOWED: _kind(405, "Method not allowed", "This path does not take this method; see Allow."),
    HttpFault.REQUEST_TIMEOUT: _kind(408, "Request timeout", "The request did not arrive whole in time."),
    HttpFault.PAYLOAD_TOO_LARGE: _kind(413, "Payload too large", "The body is larger than this path takes."),
    HttpFault.EXPECTATION_FAILED: _kind(417, "Expectation failed", "The only expectation met is 100-continue."),
    HttpFault.HEADER_TOO_LARGE: _kind(431, "Header too large", "The request line and header are too large together."),
    HttpFault.INTERNAL_ERROR: _kind(
        500, "Internal error", "The request failed inside. It may be sent again with the same id."
    ),
    HttpFault.TOO_MANY_CONNECTIONS: _kind(503, "Too many connections", "Close idle connections, then try again."),
    HttpFault.UNSUPPORTED_MEDIA_TYPE: _kind(
        415, "Unsupported media type", "The body is not of a media type that this path takes."
    ),
    HttpFault.MESSAGE_NOT_PROVEN: _kind(
        400, "Message not proven", "The message is not proven to come from the gateway, so nothing was done."
    ),
    HttpFault.NOT_READY: _kind(503, "Not ready", "A part that every request needs does not answer."),
}
"""Each fault of a request on HTTP, complete likewise."""


_CONFLICTS: Final[Mapping[str, ProblemKind]] = {
    "state": _kind(409, "Conflict", "The call is not over, or was refused: it has no charge that could be changed."),
    "repaid_micros": _kind(
        409, "Conflict", "What the call owed was repaid from other funds; which to fill again is for a person to say."
    ),
}
"""What a conflict that is none of ids is, by the fact that it rests on."""


def refusal_problem(refused: Refused) -> Problem:
    """The problem document of a refusal.

    Its facts stand beside the members of RFC 9457; a fact in millionths is written as the interfaces write amounts,
    under its name without the unit. What would change it stands there too. A fact never takes the place of a member.
    Bad input that names its field is told in ``errors``, whoever found it.
    """
    facts: dict[str, Any] = {
        name.removesuffix(_MICROS_SUFFIX): format_micros(value)
        if isinstance(value, int) and name.endswith(_MICROS_SUFFIX)
        else value
        for name, value in refused.facts.items()
    }
    if refused.code is RefusalCode.INVALID_INPUT and facts.keys() >= _FIELD_FACTS:
        field, value, allowed = (str(facts.pop(name)) for name in ("field", "value", "allowed"))
        field = field.removesuffix(_MICROS_SUFFIX)
        error = FieldError(field=field, value=shown_value(value), allowed=allowed, message=f"{field} must be {allowed}")
        problem = invalid_input_problem([error])
        return Problem(status=problem.status, document={**facts, **problem.document})
    if refused.would_change_it:
        facts["would_change_it"] = list(refused.would_change_it)
    kind = REFUSALS[refused.code]
    if refused.code is RefusalCode.CONFLICT:
        kind = next((said for fact, said in _CONFLICTS.items() if fact in refused.facts), kind)
    return _problem(refused.code, kind, facts)


def fault_problem(fault: HttpFault, detail: str = "") -> Problem:
    """The problem document of a faulty request; ``detail`` takes the place of the table's sentence."""
    return _problem(fault, HTTP_FAULTS[fault], {"detail": detail} if detail else {})


def invalid_input_problem(errors: Iterable[FieldError]) -> Problem:
    """The problem document that names each refused field (the first twenty)."""
    shown = [
        {"field": error.field, "value": error.value, "allowed": error.allowed, "message": error.message}
        for error in list(errors)[:_FIELD_ERRORS_MAX]
    ]
    detail = "; ".join(error["message"] for error in shown[:3])
    problem = _problem(RefusalCode.INVALID_INPUT, REFUSALS[RefusalCode.INVALID_INPUT], {"errors": shown})
    return Problem(status=problem.status, document={**problem.document, "detail": detail + "."})


def problem_headers(status: int) -> Mapping[str, str]:
    """The header fields that must go with a problem of this status, whatever the path (RFC 9110 §10.2, §11.6)."""
    if status == HTTP_FAULTS[HttpFault.UNAUTHORISED].status:
        return {"WWW-Authenticate": 'Bearer realm="commcredits"'}
    if status == REFUSALS[RefusalCode.BUSY].status:
        return {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return {}


def shown_value(value: object) -> str:
    """A refused value in at most 64 characters that are safe on a terminal and in a log; never a whole document."""
    match value:
        case None | bool():
            text = {None: "null", True: "true", False: "false"}[value]
        case dict():
            text = "an object"
        case list() | tuple():
            text = "an array"
        case _:
            text = str(value)
    cut = text[:SHOWN_VALUE_CHARACTERS_MAX]
    safe = "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in cut)
    return safe + ("…" if len(text) > SHOWN_VALUE_CHARACTERS_MAX else "")


def problem_schema() -> dict[str, Any]:
    """The JSON schema of every problem document, for OpenAPI."""
    text = {"type": "string"}
    return {
        "type": "object",
        "description": "A problem document (RFC 9457). Facts of the refusal stand beside these members.",
        "required": ["type", "title", "status", "detail", "code"],
        "properties": {
            "type": {"type": "string", "format": "uri", "examples": [_TYPE_PREFIX + RefusalCode.INSUFFICIENT_FUNDS]},
            "title": text,
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": text,
            "code": {"type": "string", "enum": sorted({*map(str, RefusalCode), *map(str, HttpFault)})},
            "would_change_it": {
                "type": "array",
                "description": "What would change the refusal of a call, each alone; see docs/policies.md.",
                "items": text,
            },
            "errors": {
                "type": "array",
                "description": "The refused fields; bad input only.",
                "maxItems": _FIELD_ERRORS_MAX,
                "items": {
                    "type": "object",
                    "required": ["field", "value", "allowed", "message"],
                    "properties": {"field": text, "value": text, "allowed": text, "message": text},
                },
            },
        },
        "additionalProperties": True,
    }


def _problem(code: RefusalCode | HttpFault, kind: ProblemKind, extra: Mapping[str, Any]) -> Problem:
    members = {
        "type": _TYPE_PREFIX + code,
        "title": kind.title,
        "status": kind.status,
        "detail": kind.detail,
        "code": str(code),
    }
    if isinstance(code, HttpFault):
        return Problem(status=kind.status, document={**members, **extra})
    return Problem(status=kind.status, document={**extra, **members})
