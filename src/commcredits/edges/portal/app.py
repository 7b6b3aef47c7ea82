"""Puts the portal together: its routes behind the door, its files, its error pages.

Knows which page answers which address. Refuses to know the operations themselves, and where in a larger application
it is mounted: links follow the path that it finds itself at.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Protocol

from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from commcredits.edges.portal import assets, links
from commcredits.edges.portal.access.routes import access_routes
from commcredits.edges.portal.access_pages import AccessPages
from commcredits.edges.portal.approve_pages import ApprovePages
from commcredits.edges.portal.assets import Asset
from commcredits.edges.portal.billing_pages import BillingPages
from commcredits.edges.portal.door import Clock, Door, speeches
from commcredits.edges.portal.features import feature_routes
from commcredits.edges.portal.headers import StrictHeaders
from commcredits.edges.portal.method_pages import MethodPages
from commcredits.edges.portal.method_ports import MethodOperations
from commcredits.edges.portal.page import Page
from commcredits.edges.portal.ports import PortalOperations
from commcredits.edges.portal.receipt_pages import ReceiptPages
from commcredits.edges.portal.recharge_pages import RechargePages
from commcredits.edges.portal.rendering import Renderer
from commcredits.edges.portal.settings import PortalSettings
from commcredits.edges.portal.visits import KeptVisits, VisitKeeper, Visits, token_mark
from commcredits.edges.translations import marked
from commcredits.operations.services import Services
from commcredits.operations.visits import VisitTerms

_PACKED_BYTES_MIN: Final = 1_024
_PACKING_LEVEL: Final = 5
"""A third of a millisecond for a page of 40 kB, and an eighth of its bytes."""


class Operations(PortalOperations, MethodOperations, Protocol):
    """All that the pages ask for."""


def portal_app(
    operations: Callable[[Page], Operations],
    settings: PortalSettings,
    *,
    now: Clock,
    services: Services | None = None,
    visits: Visits | None = None,
    stopping: asyncio.Event | None = None,
) -> ASGIApp:
    """The portal as an application of its own, to be mounted at a path such as ``/portal``.

    ``operations`` answers what the pages of billing ask, for whoever asks; the other pages ask the operations through
    ``services`` and are there only with them (decision 0021). ``visits`` is where visits are kept, the database if it
    is not said. ``now`` tells the present instant, aware UTC. The catalogues and static files are read here, once.
    Whoever sets ``stopping`` ends the streams of live parts.
    """
    if visits is None:
        assert services is not None, "visits are kept in the database, or wherever the caller says"
        visits = KeptVisits(services, _visit_terms(settings), SecretStr(settings.operator_token))
    files = assets.load()
    spoken = speeches()
    door = Door(
        settings=settings,
        keeper=VisitKeeper(visits, operator_token=settings.operator_token, idle_seconds=settings.idle_seconds),
        renderer=Renderer(files, {language: speech.translations for language, speech in spoken.items()}),
        speeches=spoken,
        now=now,
        services=services,
        stopping=stopping,
    )
    # The headers go around everything, the answer to a fault of ours included. Pages are packed: nobody elsewhere can
    # make a browser ask for one with its visit's cookie, so that their length tells no form's token.
    return StrictHeaders(
        GZipMiddleware(
            Starlette(
                routes=_routes(door, operations, files),
                exception_handlers={HTTPException: _missing(door), Exception: _broken(door)},
            ),
            minimum_size=_PACKED_BYTES_MIN,
            compresslevel=_PACKING_LEVEL,
        )
    )


def _visit_terms(settings: PortalSettings) -> VisitTerms:
    return VisitTerms(
        idle_seconds=settings.idle_seconds,
        longest_seconds=settings.visit_seconds_max,
        token_mark=token_mark(settings.operator_token) if settings.operator_token_opens else "",
    )


def _routes(door: Door, operations: Callable[[Page], Operations], files: Mapping[str, Asset]) -> list[BaseRoute]:
    billing = BillingPages(door=door, operations=operations)
    access = AccessPages(door=door, operations=operations, list_organizations=billing.organizations)
    recharge = RechargePages(door=door, operations=operations, billing=billing)
    guarded = door.guarded
    return [
        Route(links.HOME, guarded(access.home)),
        Route(links.SIGN_IN, guarded(access.sign_in_form, signed_in=False)),
        Route(links.SIGN_IN, guarded(access.sign_in, signed_in=False), methods=["POST"]),
        Route(links.SIGN_OUT, guarded(access.sign_out), methods=["POST"]),
        Route(links.PROVE, guarded(access.prove_form)),
        Route(links.PROVE, guarded(access.prove), methods=["POST"]),
        Route(links.GO_ON, guarded(access.go_on, needs_proof=True)),
        Route(links.LANGUAGE, guarded(access.choose_language, signed_in=False), methods=["POST"]),
        Route(links.THEME, guarded(access.choose_theme, signed_in=False), methods=["POST"]),
        Route(links.PRODUCTS, guarded(billing.products)),
        Route(links.CREDITS, guarded(billing.credits)),
        Route(links.LIVE, guarded(billing.live, renews=False)),
        Route(links.ADD_FUNDS, guarded(billing.add_funds_form, needs_proof=True)),
        Route(links.ADD_FUNDS, guarded(billing.add_funds, needs_proof=True), methods=["POST"]),
        Route(links.AUTO_RECHARGE, guarded(recharge.to_auto_recharge)),
        Route(links.AUTO_RECHARGE, guarded(recharge.save_auto_recharge, needs_proof=True), methods=["POST"]),
        Route(links.BALANCE_ALERTS, guarded(recharge.to_balance_alerts)),
        Route(links.BALANCE_ALERTS, guarded(recharge.save_balance_alerts), methods=["POST"]),
        Route(links.ATTEMPTS, guarded(recharge.attempts)),
        *_paying_routes(door, operations),
        *_receipt_routes(door, operations, billing),
        *([] if door.services is None else access_routes(door, access)),
        *([] if door.services is None else feature_routes(door)),
        Route(links.STATIC, _static(files)),
    ]


def _paying_routes(door: Door, operations: Callable[[Page], Operations]) -> list[BaseRoute]:
    """Payment methods, and approvals, whose payers need not sign in."""
    methods = MethodPages(door=door, operations=operations)
    approve = ApprovePages(door=door, operations=operations)
    guarded = door.guarded
    return [
        Route(links.TRANSFER, guarded(methods.transfer)),
        Route(links.METHODS, guarded(methods.methods)),
        Route(links.ADD_METHOD, guarded(methods.add_form, needs_proof=True)),
        Route(links.ADD_METHOD, guarded(methods.add, needs_proof=True), methods=["POST"]),
        Route(links.METHOD_ADDED, guarded(methods.added)),
        Route(links.METHOD_ROLES, guarded(methods.choose, needs_proof=True), methods=["POST"]),
        Route(links.REPLACE_METHOD, guarded(methods.replace_form, needs_proof=True)),
        Route(links.REPLACE_METHOD, guarded(methods.replace, needs_proof=True), methods=["POST"]),
        Route(links.REMOVE_METHOD, guarded(methods.remove_form, needs_proof=True)),
        Route(links.REMOVE_METHOD, guarded(methods.remove, needs_proof=True), methods=["POST"]),
        Route(links.APPROVE, guarded(approve.ask, signed_in=False)),
        Route(links.APPROVE, guarded(approve.approve, signed_in=False), methods=["POST"]),
        Route(links.APPROVED, guarded(approve.done, signed_in=False)),
    ]


def _receipt_routes(door: Door, operations: Callable[[Page], Operations], billing: BillingPages) -> list[BaseRoute]:
    """Receipts, and who stands on them as the buyer."""
    receipts = ReceiptPages(door=door, operations=operations, billing=billing)
    guarded = door.guarded
    return [
        Route(links.RECEIPTS, guarded(receipts.receipts)),
        Route(links.RECEIPT_FILE, guarded(receipts.file)),
        Route(links.RECEIPT, guarded(receipts.receipt)),
        Route(links.BILLING_DETAILS, guarded(receipts.details_form)),
        Route(links.BILLING_DETAILS, guarded(receipts.save_details), methods=["POST"]),
    ]


def _static(files: Mapping[str, Asset]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        asset = files.get(request.path_params["name"])
        if asset is None:
            raise HTTPException(404)
        return assets.answer(asset, request)

    return endpoint


def _missing(door: Door) -> Callable[[Request, Exception], Awaitable[Response]]:
    """The page for an address, or a method, that does not exist."""

    async def handler(request: Request, error: Exception) -> Response:
        page = await door.stranger(request)
        status = error.status_code if isinstance(error, HTTPException) else 404
        return door.problem(
            page,
            status=status,
            title=page.speech.say(marked("There is nothing here")),
            sentence=page.speech.say(marked("The address may be mistyped, or the page may have moved.")),
        )

    return handler


def _broken(door: Door) -> Callable[[Request, Exception], Awaitable[Response]]:
    """The page for a fault of ours; the error itself goes on to the log."""

    async def handler(request: Request, _error: Exception) -> Response:
        try:
            page = await door.stranger(request)
        except Exception:  # noqa: BLE001 - what broke may be the database, where visits are
            page = door.nobody(request)
        return door.problem(
            page,
            status=500,
            title=page.speech.say(marked("Something went wrong on our side")),
            sentence=page.speech.say(marked("Sending a form again is safe: nothing is done twice.")),
        )

    return handler
