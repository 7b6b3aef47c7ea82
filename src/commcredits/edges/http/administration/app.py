"""The administration API as one application.

Knows which path modules there are and what stands around them. Refuses to know settings and to start anything: the
composition root gives it the services, the token and the address of the charging process, and a server runs it.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from pydantic import SecretStr
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match

from commcredits.edges.http.administration.access import SHARED_OPERATOR, Guard, KeyRing
from commcredits.edges.http.administration.accounting import add_accounting
from commcredits.edges.http.administration.administrators import add_administrators
from commcredits.edges.http.administration.advice import add_advice
from commcredits.edges.http.administration.audit import add_audit, add_audit_proof
from commcredits.edges.http.administration.bearers import Bearers, ForeignTokens
from commcredits.edges.http.administration.call_handling import add_call_handling, add_flags
from commcredits.edges.http.administration.forwarding import ChargingForwarder
from commcredits.edges.http.administration.funding import add_promotions, add_top_ups
from commcredits.edges.http.administration.funding_rules import add_adjustments, add_billing_terms, add_vouchers
from commcredits.edges.http.administration.gateways import add_gateway_records, add_gateways
from commcredits.edges.http.administration.licences import add_assignments, add_licences
from commcredits.edges.http.administration.moving_in import add_moving_in
from commcredits.edges.http.administration.notices import add_notices, add_recipients
from commcredits.edges.http.administration.number_stock import add_number_stock, add_reservations
from commcredits.edges.http.administration.numbers import add_number_service, add_numbers
from commcredits.edges.http.administration.oauth import add_oauth
from commcredits.edges.http.administration.openapi import add_openapi
from commcredits.edges.http.administration.organizations import add_organizations
from commcredits.edges.http.administration.payment_methods import (
    add_method_roles,
    add_method_setups,
    add_payment_methods,
)
from commcredits.edges.http.administration.payments import (
    add_disputes,
    add_refunds,
    add_refunds_by_hand,
    add_waiting_payments,
)
from commcredits.edges.http.administration.people import add_people, add_people_import
from commcredits.edges.http.administration.policies import add_blocks, add_may_call, add_pools, add_rules
from commcredits.edges.http.administration.programs import add_programs
from commcredits.edges.http.administration.rate_decks import add_rate_deck_assignment, add_rate_decks
from commcredits.edges.http.administration.receipts import add_billing_details, add_receipts
from commcredits.edges.http.administration.recharge import add_auto_recharge, add_balance_alerts
from commcredits.edges.http.administration.recorded_calls import add_call_mappings, add_recorded_calls, add_rerating
from commcredits.edges.http.administration.refund_requests import add_refund_requests
from commcredits.edges.http.administration.refusing import ProblemError, problem_response
from commcredits.edges.http.administration.reports import add_calls, add_money_reports
from commcredits.edges.http.administration.routes import StrictRoute
from commcredits.edges.http.administration.search import add_search
from commcredits.edges.http.administration.spending import add_explained_calls, add_spending, add_statements
from commcredits.edges.http.administration.staff import add_staff
from commcredits.edges.http.administration.upkeep import add_health, add_verification
from commcredits.edges.http.administration.usage import add_usage, add_usage_export_files, add_usage_exports
from commcredits.edges.http.administration.webhooks import add_webhook_deliveries, add_webhook_endpoints
from commcredits.edges.http.charging.openapi import charging_openapi
from commcredits.edges.http.graph.app import GraphApi
from commcredits.edges.http.graph.requests import PREFIXES
from commcredits.edges.http.problems import HttpFault, fault_problem
from commcredits.edges.http.scim.service import scim_routes
from commcredits.operations.key_holders import KeyHolders
from commcredits.operations.services import Services

# All of them, so that it is the charging process that says which one it takes.
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_METHOD_NOT_ALLOWED: Final = 405


def administration_app(
    services: Services,
    *,
    operator_token: SecretStr,
    operators: Mapping[str, SecretStr] | None = None,
    charging_address: tuple[str, int] | None,
    charging_tls: ssl.SSLContext | None = None,
    foreign_tokens: ForeignTokens | None = None,
) -> FastAPI:
    """The application, whose paths all begin with ``/v1/``; others may be mounted beside them.

    ``charging_address`` is where the charging process listens; its paths are forwarded there, over TLS when
    ``charging_tls`` says how to check its certificate, and are not found here when it is None. The application's
    lifespan closes the connections to it. ``operators`` have tokens of their own, by name; whoever uses
    ``operator_token`` is known as "operator". ``foreign_tokens`` knows whose tokens of
    organizations' own directories are. Raises ValueError for an empty token.
    """
    bearers = Bearers(
        operators=KeyRing({SHARED_OPERATOR: operator_token, **(operators or {})}),
        holders=KeyHolders(services),
        foreign=foreign_tokens,
    )
    forwarder = None if charging_address is None else ChargingForwarder(*charging_address, charging_tls)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        if forwarder is not None:
            await forwarder.close()

    app = FastAPI(
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_operation_name,
        lifespan=lifespan,
        middleware=[Middleware(Guard, keys=bearers, services=services)],
        exception_handlers={ProblemError: _answer_problem, HTTPException: _answer_missing},
    )
    app.router.route_class = StrictRoute
    _add_paths(app.router)
    add_oauth(app.router, bearers, services.payments.origin)
    if services.keys.scim:
        app.router.routes.extend(scim_routes(services.payments.origin))
    if forwarder is not None:
        for path in charging_openapi()["paths"]:
            app.add_route(path, forwarder.forward, methods=list(_METHODS), include_in_schema=False)
    graph = GraphApi(bearers, services)
    for prefix in PREFIXES:
        app.mount(prefix.rstrip("/"), graph)
    return app


def _add_paths(routes: APIRouter) -> None:
    add_organizations(routes)
    add_search(routes)
    add_people(routes)
    add_people_import(routes)
    add_licences(routes)
    add_assignments(routes)
    add_rules(routes)
    add_blocks(routes)
    add_may_call(routes)
    add_numbers(routes)
    add_number_service(routes)
    add_number_stock(routes)
    add_reservations(routes)
    add_rate_decks(routes)
    add_rate_deck_assignment(routes)
    add_payment_methods(routes)
    add_method_setups(routes)
    add_method_roles(routes)
    add_top_ups(routes)
    add_waiting_payments(routes)
    add_refunds(routes)
    add_refunds_by_hand(routes)
    add_refund_requests(routes)
    add_disputes(routes)
    add_promotions(routes)
    add_auto_recharge(routes)
    add_balance_alerts(routes)
    add_billing_details(routes)
    add_receipts(routes)
    add_adjustments(routes)
    add_vouchers(routes)
    add_billing_terms(routes)
    _add_oversight(routes)
    add_openapi(routes)


def _add_oversight(routes: APIRouter) -> None:
    """What tells of money, calls and people after the fact, and what keeps the service itself."""
    add_accounting(routes)
    add_money_reports(routes)
    add_pools(routes)
    add_notices(routes)
    add_recipients(routes)
    add_webhook_endpoints(routes)
    add_webhook_deliveries(routes)
    add_administrators(routes)
    add_staff(routes)
    add_programs(routes)
    add_usage(routes)
    add_usage_exports(routes)
    add_usage_export_files(routes)
    add_advice(routes)
    add_calls(routes)
    add_explained_calls(routes)
    add_spending(routes)
    add_statements(routes)
    add_call_handling(routes)
    add_flags(routes)
    add_recorded_calls(routes)
    add_call_mappings(routes)
    add_rerating(routes)
    add_moving_in(routes)
    add_gateways(routes)
    add_gateway_records(routes)
    add_audit(routes)
    add_audit_proof(routes)
    add_verification(routes)
    add_health(routes)


def _operation_name(route: APIRoute) -> str:
    return route.name


async def _answer_problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError), "registered for this class alone"
    return problem_response(error.problem)


async def _answer_missing(request: Request, error: Exception) -> Response:
    """The answer when no route took the request."""
    assert isinstance(error, HTTPException), "registered for this class alone"
    if error.status_code == _METHOD_NOT_ALLOWED:
        allowed = ", ".join(sorted(_methods_at(request, request.app.routes)))
        return problem_response(fault_problem(HttpFault.METHOD_NOT_ALLOWED), {"Allow": allowed})
    return problem_response(fault_problem(HttpFault.NOT_FOUND))


def _methods_at(request: Request, routes: Sequence[BaseRoute]) -> set[str]:
    """Every method that the path takes, whichever routes take them."""
    found: set[str] = set()
    for route in routes:
        if route.matches(request.scope)[0] is not Match.NONE:
            found |= set(getattr(route, "methods", None) or ())
    return found
