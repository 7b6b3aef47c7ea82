"""The permission that each operation of the call-record API and of SCIM asks for: one without a line fails."""

from __future__ import annotations

from typing import Final

_CALLS: Final = "/graph/v1.0/communications/callRecords"
_CREDITS: Final = "/graph/v1.0/communications/credits"
_PERIOD: Final = "(fromDateTime={fromDateTime},toDateTime={toDateTime})"
_SCIM: Final = "/scim/v2/{organization_id}"

GRAPH_ROUTES: Final[dict[str, tuple[str, ...]]] = {
    f"GET {_CALLS}/getPstnCalls{_PERIOD}": ("call_records.read",),
    f"GET {_CALLS}/getPstnBlockedUsersLog{_PERIOD}": ("call_records.read",),
    f"GET {_CALLS}/getPstnOnlineMeetingDialoutReport{_PERIOD}": ("call_records.read",),
    f"GET {_CREDITS}/balance": ("funds.read",),
    f"GET {_CREDITS}/pools": ("reports.read",),
    f"GET {_CREDITS}/funds": ("funds.read",),
}
"""As the API's description names the paths: every other spelling of one asks for the same."""

SCIM_ROUTES: Final[dict[str, tuple[str, ...]]] = {
    f"GET {_SCIM}/ServiceProviderConfig": ("users.write",),
    f"GET {_SCIM}/ResourceTypes": ("users.write",),
    f"GET {_SCIM}/ResourceTypes/{{name}}": ("users.write",),
    f"GET {_SCIM}/Schemas": ("users.write",),
    f"GET {_SCIM}/Schemas/{{name}}": ("users.write",),
    f"GET {_SCIM}/Groups": ("users.write",),
    f"POST {_SCIM}/Groups": ("users.write",),
    f"GET {_SCIM}/Groups/{{resource_id}}": ("users.write",),
    f"PUT {_SCIM}/Groups/{{resource_id}}": ("users.write",),
    f"PATCH {_SCIM}/Groups/{{resource_id}}": ("users.write",),
    f"DELETE {_SCIM}/Groups/{{resource_id}}": ("users.write",),
    f"GET {_SCIM}/Users": ("users.write",),
    f"POST {_SCIM}/Users": ("users.write",),
    f"GET {_SCIM}/Users/{{resource_id}}": ("users.write",),
    f"PUT {_SCIM}/Users/{{resource_id}}": ("users.write",),
    f"PATCH {_SCIM}/Users/{{resource_id}}": ("users.write",),
    f"DELETE {_SCIM}/Users/{{resource_id}}": ("users.write",),
    **{f"{method} {_SCIM}/{{rest:path}}": ("users.write",) for method in ("GET", "POST", "PUT", "PATCH", "DELETE")},
}
"""In an order in which each finds what it is about: things are removed last."""
