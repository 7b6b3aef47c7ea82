"""The OpenAPI document of both HTTP interfaces: this one's paths, and the charging paths beside them.

Knows how the two descriptions become one. Refuses to describe anything by hand that the routes and tables say already.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from fastapi import APIRouter
from fastapi.openapi.utils import get_openapi
from starlette.responses import JSONResponse

from commcredits.core.outcomes import RefusalCode
from commcredits.edges.http.administration.access import OPENAPI_PATH
from commcredits.edges.http.administration.documenting import ALWAYS, TAGS, Tag, problems
from commcredits.edges.http.charging.openapi import SECURITY_SCHEME, charging_openapi
from commcredits.edges.http.graph.openapi import graph_openapi

_TITLE: Final = "Communication credits"
_DESCRIPTION: Final = (
    "Prepaid communication credits for telephony: one balance, authorised before a call rings, charged to the second "
    "rule of its tariff, recharged by itself. Amounts are decimals in strings, six digits after the point in answers; "
    "instants are RFC 3339 in UTC; every refusal is a problem document (RFC 9457) with a stable code."
)
_VERSION: Final = "1"


def add_openapi(routes: APIRouter) -> None:
    """Serve the document of all routes, these included."""

    @cache
    def document() -> dict[str, Any]:
        return openapi_document(routes)

    @routes.get(
        OPENAPI_PATH,
        tags=[Tag.SERVICE],
        summary="Describe both HTTP interfaces in OpenAPI 3.1",
        response_description="This document.",
        response_class=JSONResponse,
        responses=problems(*ALWAYS, RefusalCode.INVALID_INPUT),
        openapi_extra={"security": []},
    )
    async def describe() -> JSONResponse:
        return JSONResponse(document())


def openapi_document(routes: APIRouter) -> dict[str, Any]:
    """The document of these routes and of the charging paths."""
    document = get_openapi(
        title=_TITLE,
        version=_VERSION,
        description=_DESCRIPTION,
        routes=routes.routes,
        tags=[{"name": name, "description": text} for name, text in TAGS.items()],
    )
    charging = charging_openapi()
    document["security"] = [{SECURITY_SCHEME: []}]
    document["tags"] = [*document["tags"], *charging["tags"]]
    document["paths"] = _joined(document["paths"], charging["paths"])
    components = document.setdefault("components", {})
    for kind, described in charging["components"].items():
        components[kind] = _joined(components.get(kind, {}), described)
    records = graph_openapi()
    document["tags"] = [*document["tags"], *records["tags"]]
    document["paths"] = _joined(document["paths"], records["paths"])
    components["schemas"] = _joined(components["schemas"], records["components"]["schemas"])
    return document


def _joined(ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any]:
    twice = ours.keys() & theirs.keys()
    if twice:
        raise ValueError(f"both interfaces describe {', '.join(sorted(twice))}")
    return {**ours, **theirs}
