"""Settings become parts: a pool, a committer, gateways, and the Services that operations take.

The only module that makes clocks and ids. Refuses to know what is done with the parts.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from typing import Final

import structlog
from pydantic import SecretStr

from commcredits.core.access import SYSTEM
from commcredits.core.privacy import Privacy
from commcredits.gateways.protocol import Gateway
from commcredits.gateways.registry import AmbiguousGateway, UnknownGateway, open_gateway
from commcredits.operations.advice_terms import AdviceTerms
from commcredits.operations.funding_rules import FundingRules, Remainder
from commcredits.operations.key_terms import KeyTerms
from commcredits.operations.payment_terms import NewMethodLimits, PaymentTerms, RefundPolicy
from commcredits.operations.report_terms import ReportTerms
from commcredits.operations.services import Services
from commcredits.operations.telling_terms import TellingTerms
from commcredits.settings import SHARD_ID, Settings
from commcredits.settings.advice import prices_by_currency
from commcredits.storage.committer import Committer
from commcredits.storage.connection import Pool, open_pool
from commcredits.storage.identifiers import IdentifierSource

POOL_SIZE_MAX: Final = 8
"""Connections of one process for reading; writing has one of its own, the committer's."""

SIMULATOR: Final = "simulator"
"""The name of the simulated gateway, and of the process that plays it."""

Ready = Callable[[int], None]
"""Told once, with the port, when a process can be called; a worker tells 0."""


class SettingsError(Exception):
    """The settings do not make a working system; the message names the setting and what is allowed."""


def utc_now() -> datetime:
    """The present instant. Everything below the composition root is given this, or a clock of a test."""
    return datetime.now(UTC)


@contextlib.asynccontextmanager
async def open_services(settings: Settings, *, role: str) -> AsyncIterator[Services]:
    """Services of one process named ``role``: commits what still waits, and closes everything, on leaving.

    Raises SettingsError, and DatabaseUnreachableError.
    """
    async with open_services_and_committer(settings, role=role) as (services, _committer):
        yield services


@contextlib.asynccontextmanager
async def open_services_and_committer(settings: Settings, *, role: str) -> AsyncIterator[tuple[Services, Committer]]:
    """The same, with the committer that executes for them: for a process whose callers do not wait one by one."""
    url = database_url(settings)
    async with contextlib.AsyncExitStack() as stack:
        pool = await open_pool(url, min_size=1, max_size=POOL_SIZE_MAX, application_name=f"commcredits-{role}")
        stack.push_async_callback(_close_pool, pool)
        gateways = open_gateways(settings)
        for gateway in gateways.values():
            stack.push_async_callback(gateway.aclose)
        committer = await stack.enter_async_context(running_committer(settings))
        services = Services(
            actor=SYSTEM,
            shard_id=SHARD_ID,
            pool=pool,
            executor=committer,
            gateways=gateways,
            clock=utc_now,
            new_id=IdentifierSource(),
            funding=settings.funding_terms(),
            charging=settings.charging_terms(),
            payments=payment_terms(settings),
            telling=telling_terms(settings),
            receipts=settings.receipt_terms(),
            rules=funding_rules(settings),
            keys=key_terms(settings),
            reports=report_terms(settings),
            advice=AdviceTerms(prices=prices_by_currency(settings.plan_prices)),
        )
        yield services, committer


@contextlib.asynccontextmanager
async def running_committer(settings: Settings) -> AsyncIterator[Committer]:
    """A committer that runs for as long as the block lasts, and then finishes what waits."""
    committer = Committer(
        database_url=database_url(settings),
        shard_id=SHARD_ID,
        clock=utc_now,
        new_id=IdentifierSource(),
        charging=settings.charging_terms(),
        funding=settings.funding_terms(),
    )
    task = asyncio.create_task(committer.run(), name="committer")
    try:
        yield committer
    finally:
        await committer.close()
        await task


def payment_terms(settings: Settings) -> PaymentTerms:
    """The settings that payments rest on."""
    limits = NewMethodLimits(
        new_days=settings.new_method_days,
        window_hours=settings.new_method_window_hours,
        attempts_max=settings.new_method_attempts_max,
        declines_max=settings.new_method_declines_max,
    )
    return PaymentTerms(
        origin=settings.origin(),
        refund_policy=RefundPolicy(settings.refund_policy),
        new_methods=limits if settings.new_method_days else None,
    )


def database_url(settings: Settings) -> str:
    """The database's address. SettingsError when there is none: the supervisor starts the embedded one first."""
    if settings.database_url is None:
        raise SettingsError("COMMCREDITS_DATABASE_URL is not set and no embedded database runs in the data directory")
    return settings.database_url.get_secret_value()


def operator_token(settings: Settings) -> str:
    """The operator's token. SettingsError when there is none: nothing is open to everybody by accident."""
    if settings.operator_token is None:
        raise SettingsError("COMMCREDITS_OPERATOR_TOKEN is not set: choose at least 16 random characters")
    return settings.operator_token.get_secret_value().strip()


def operators(settings: Settings) -> Mapping[str, SecretStr]:
    """Tokens of operators by name, beside the one that they share. SettingsError where one is that same token."""
    tokens = {name: token.get_secret_value().strip() for name, token in settings.operators.items()}
    if operator_token(settings) in tokens.values():
        raise SettingsError("COMMCREDITS_OPERATORS: somebody has the token of COMMCREDITS_OPERATOR_TOKEN")
    return {name: SecretStr(token) for name, token in tokens.items()}


def key_terms(settings: Settings) -> KeyTerms:
    """The settings that keys of programs, and directories that speak SCIM, rest on."""
    programs = settings.programs
    return KeyTerms(
        days_max=programs.key_days_max,
        scim=programs.scim,
        group_licences={name.strip().casefold(): codes for name, codes in programs.group_licences.items()},
    )


def telling_terms(settings: Settings) -> TellingTerms:
    """The settings that telling people and programs rests on."""
    return TellingTerms(
        mails=settings.mail is not None,
        late_days=TellingTerms().late_days if settings.mail is None else settings.mail.late_days,
        loopback_allowed=settings.webhooks_to_loopback,
    )


def report_terms(settings: Settings) -> ReportTerms:
    """The settings that reports rest on; without a name of its own, the operator is whoever sells."""
    reports = settings.reports
    sellers = "" if settings.seller is None else settings.seller.legal_name
    return ReportTerms(
        operator=reports.operator or sellers,
        export_days=reports.export_days,
        privacy=Privacy(
            masked_digits=reports.masked_digits,
            retention_days=reports.retention_days,
            retention_days_default=reports.retention_days_default,
        ),
    )


def funding_rules(settings: Settings) -> FundingRules:
    """The settings for funds that are given, taken or left over."""
    return FundingRules(
        adjustment_limit_micros=settings.adjustment_limit_micros(),
        refund_limit_micros=settings.refund_limit_micros(),
        closing_remainder=Remainder(settings.closing_remainder),
        account_codes=settings.account_codes,
    )


def open_gateways(settings: Settings) -> Mapping[str, Gateway]:
    """The gateways that the settings name, by name. SettingsError for one that is not installed."""
    opened: dict[str, Gateway] = {}
    for name, its_settings in settings.gateways.items():
        plain = {key: value.get_secret_value() for key, value in its_settings.items()}
        try:
            gateway = open_gateway(name, plain)
        except ValueError as error:
            raise SettingsError(f"COMMCREDITS_GATEWAYS: {error}") from error
        if isinstance(gateway, UnknownGateway):
            raise SettingsError(f"COMMCREDITS_GATEWAYS names {name!r}; installed are {', '.join(gateway.known_names)}")
        if isinstance(gateway, AmbiguousGateway):
            raise SettingsError(f"COMMCREDITS_GATEWAYS names {name!r}, which several plug-ins claim to be")
        opened[name] = gateway
    return opened


async def _close_pool(pool: Pool) -> None:
    """Close politely, and firmly when somebody holds a connection for too long."""
    try:
        await asyncio.wait_for(pool.close(), timeout=5)
    except TimeoutError:
        structlog.get_logger("commcredits").warning("database connections cut at shutdown")
        pool.terminate()
