"""The operator's settings: read once, from the environment (``COMMCREDITS_…``), and handed on as values.

Knows names, defaults and limits. Refuses to be asked twice: the composition root reads it and gives each part its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from phonenumbers import SUPPORTED_REGIONS
from platformdirs import user_data_path
from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from commcredits.core.account import ChargingTerms, FundingTerms
from commcredits.core.flags import CLOCK_TOLERANCE_SECONDS
from commcredits.core.money import MoneyError, parse_micros
from commcredits.core.places import PLAN_COUNTRIES
from commcredits.core.receipts import ReceiptTerms
from commcredits.settings.addresses import ORIGIN, Port
from commcredits.settings.advice import PRICES_MAX, PlanPriceSettings
from commcredits.settings.asterisk import AsteriskSettings
from commcredits.settings.cgrates import CgratesSettings
from commcredits.settings.console import ConsoleSettings
from commcredits.settings.diameter import DiameterSettings
from commcredits.settings.freeswitch import FreeswitchSettings
from commcredits.settings.funding_rules import (
    OPERATOR_TOKEN_LENGTH_MIN,
    check_account_codes,
    check_operators,
    check_token,
)
from commcredits.settings.kamailio import KamailioSettings
from commcredits.settings.mail import MailSettings
from commcredits.settings.programs import ProgramsSettings
from commcredits.settings.radius import RadiusSettings
from commcredits.settings.receipts import (
    TAX_ROWS_MAX,
    SellerSettings,
    Series,
    TaxSettings,
    refuse_receipt_settings,
)
from commcredits.settings.reports import ReportSettings
from commcredits.settings.sign_in import ProviderSettings, check_providers

SHARD_ID: Final = 0
"""An installation has one shard unless it was laid out with more."""

SWITCH_ROLES: Final = ("diameter", "radius", "kamailio", "freeswitch", "asterisk", "cgrates")
"""The edges of switches: each is a setting of this name, and where it is set a process of its own."""


def _default_data_directory() -> Path:
    return user_data_path("commcredits", appauthor=False)


class Settings(BaseSettings):
    """Everything that an operator can choose. ``docs/settings.md`` explains each; a test keeps it complete."""

    model_config = SettingsConfigDict(env_prefix="COMMCREDITS_", extra="forbid", frozen=True)

    database_url: SecretStr | None = Field(
        default=None, description="PostgreSQL 15 or newer; without it an embedded server runs in data_directory."
    )
    sign_in_providers: dict[str, ProviderSettings] = Field(
        default_factory=dict, description="Providers of identities by name, as JSON; needs public_url."
    )
    sign_in_operator_token: bool = Field(default=True, description="Whether the operator's token opens the portal.")
    visit_idle_minutes: int = Field(
        default=30, ge=1, le=1_440, description="After how long without a request somebody is signed out."
    )
    visit_hours: int = Field(default=12, ge=1, le=168, description="After how long somebody is signed out in any case.")
    data_directory: Path = Field(
        default_factory=_default_data_directory,
        description="Where the embedded database and the simulated gateway keep their data.",
    )
    operator_token: SecretStr | None = Field(
        default=None, description=f"Opens the API and the portal; at least {OPERATOR_TOKEN_LENGTH_MIN} characters."
    )
    operators: dict[str, SecretStr] = Field(
        default_factory=dict,
        description='Tokens of operators by name, as JSON: {"alice": "…"}; what they do is kept with their names.',
    )
    web_host: str = Field(default="127.0.0.1", description="Where the portal and the administration API listen.")
    web_port: Port = Field(default=8080, description="Port of the portal and the administration API.")
    charging_host: str = Field(default="127.0.0.1", description="Where the charging endpoints listen.")
    charging_port: Port = Field(default=8081, description="Port of the charging endpoints.")
    charging_processes: int = Field(default=1, ge=1, le=64, description="How many processes share the charging port.")
    charging_tls_certificate: Path | None = Field(
        default=None, description="Certificate chain (PEM) of the charging endpoints; with it they speak TLS."
    )
    charging_tls_key: Path | None = Field(default=None, description="Private key (PEM) of that certificate.")
    diameter: DiameterSettings | None = Field(default=None, description="Charging over Diameter, as JSON.")
    radius: RadiusSettings | None = Field(default=None, description="Charging over RADIUS, as JSON.")
    kamailio: KamailioSettings | None = Field(default=None, description="Links to Kamailio, as JSON.")
    freeswitch: FreeswitchSettings | None = Field(default=None, description="Links to FreeSWITCH, as JSON.")
    asterisk: AsteriskSettings | None = Field(default=None, description="Links to Asterisk, as JSON.")
    cgrates: CgratesSettings | None = Field(default=None, description="JSON-RPC as CGRateS speaks it, as JSON.")
    gateways: dict[str, dict[str, SecretStr]] = Field(
        default_factory=dict,
        description='Payment gateways and their settings as JSON: {"simulator": {"base_url": "http://127.0.0.1:8082"}}.',
    )
    simulator_port: Port = Field(
        default=8082, description="Port of the simulated gateway, which runs when no gateway is set."
    )
    slice_seconds: int = Field(default=300, ge=1, le=14_400, description="How much of a call is held for at a time.")
    grant_margin_seconds: int = Field(
        default=30, ge=0, le=3_600, description="How long a switch may be late with its next word."
    )
    ring_seconds_max: int = Field(default=180, ge=1, le=3_600, description="How long an authorised call may ring.")
    silence_charges: Literal["grant", "reported"] = Field(
        default="grant", description="What a call is charged whose switch went silent: its grant, or what it reported."
    )
    clock_tolerance_seconds: int = Field(
        default=CLOCK_TOLERANCE_SECONDS,
        ge=0,
        le=86_400,
        description="How many more seconds than have passed a switch may report before its call is flagged.",
    )
    plan_countries: frozenset[str] = Field(
        default_factory=lambda: PLAN_COUNTRIES,
        description='Countries that international minutes cover, as JSON: ["DE", "FR"].',
    )
    public_url: str | None = Field(
        default=None,
        description="Where people reach the portal, as https://credits.example.com; without it web_host and web_port.",
    )
    refund_policy: Literal["none", "operator", "organization"] = Field(
        default="operator", description="Who may have unused funds refunded: nobody, the operator, organizations too."
    )
    new_method_days: int = Field(
        default=7, ge=0, le=365, description="How many days after it was first seen a card counts as new; 0: never."
    )
    new_method_window_hours: int = Field(
        default=24, ge=1, le=720, description="The hours in which attempts with a new card are counted."
    )
    new_method_attempts_max: int = Field(
        default=10, ge=1, le=1_000, description="Most attempts with a new card in these hours, by all organizations."
    )
    new_method_declines_max: int = Field(
        default=5, ge=1, le=1_000, description="Most declines of a new card in these hours, by all organizations."
    )
    top_up_minimum: str = Field(default="50", description="Smallest top-up in major units, net.")
    top_up_minimum_by_currency: dict[str, str] = Field(
        default_factory=dict, description='Smallest top-up where it differs, as JSON: {"RON": "250"}.'
    )
    top_up_maximum: str = Field(default="10000", description="Largest top-up in major units, net.")
    cool_down_seconds: int = Field(
        default=300, ge=0, le=86_400, description="Least time between two auto-recharge attempts."
    )
    unavailable_countries: frozenset[str] = Field(
        default=frozenset(), description='Countries where credits cannot be bought, as JSON: ["BH", "CN"].'
    )
    adjustment_limit: str = Field(
        default="100", description="What one operator may adjust a balance by in 24 hours, in major units."
    )
    refund_limit: str = Field(
        default="100", description="What one operator may refund an organization in 24 hours, net, in major units."
    )
    closing_remainder: Literal["refund", "forfeit"] = Field(
        default="refund", description="What becomes of bought funds that are left when an organization closes."
    )
    account_codes: dict[str, str] = Field(
        default_factory=dict,
        description='Numbers of ledger accounts in your own books, as JSON: {"customer_credits": "419"}.',
    )
    seller: SellerSettings | None = Field(
        default=None,
        description="Who sells, as it stands on receipts, as JSON; without it none are issued.",
    )
    taxes: tuple[TaxSettings, ...] = Field(
        default_factory=tuple,
        max_length=TAX_ROWS_MAX,
        description="Which tax holds where and since when, as JSON.",
    )
    receipt_series: Series = Field(default="CC", description="What the numbers of receipts begin with.")
    credit_note_series: Series = Field(default="CN", description="What the numbers of credit notes begin with.")
    mail: MailSettings | None = Field(
        default=None, description="The server that takes mail, as JSON; without it nobody is mailed."
    )
    console: ConsoleSettings = Field(
        default_factory=ConsoleSettings, description="Verification by night, and how long messages are kept, as JSON."
    )
    plan_prices: tuple[PlanPriceSettings, ...] = Field(
        default_factory=tuple,
        max_length=PRICES_MAX,
        description="What licences of Calling Plans cost a month, as JSON; advice weighs credits against them.",
    )
    reports: ReportSettings = Field(
        default_factory=ReportSettings, description="Who carries calls, how long exports are kept, privacy, as JSON."
    )
    programs: ProgramsSettings = Field(
        default_factory=ProgramsSettings,
        description="Keys of programs, tokens of organizations' own issuers, and SCIM, as JSON.",
    )
    webhooks_to_loopback: bool = Field(
        default=False, description="Lets webhooks go to this machine, also over plain http: for trying out."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severe messages that are logged."
    )
    log_format: Literal["console", "json"] = Field(default="console", description="How log lines are written.")

    @field_validator("operator_token")
    @classmethod
    def _long_enough(cls, token: SecretStr | None) -> SecretStr | None:
        return None if token is None else check_token(token)

    @field_validator("operators")
    @classmethod
    def _operators(cls, operators: dict[str, SecretStr]) -> dict[str, SecretStr]:
        check_operators(operators)
        return operators

    @field_validator("account_codes")
    @classmethod
    def _account_codes(cls, codes: dict[str, str]) -> dict[str, str]:
        check_account_codes(codes)
        return codes

    @field_validator("public_url")
    @classmethod
    def _origin(cls, url: str | None) -> str | None:
        if url is not None and not ORIGIN.fullmatch(url):
            raise ValueError(
                "must be http:// or https://, a host and perhaps a port, such as https://credits.example.com"
            )
        return url

    @field_validator("plan_countries", "unavailable_countries")
    @classmethod
    def _countries(cls, codes: frozenset[str]) -> frozenset[str]:
        unknown = sorted(codes - SUPPORTED_REGIONS)
        if unknown:
            raise ValueError(f"{unknown[0]!r} is not the ISO 3166-1 code of a country, such as DE")
        return codes

    @field_validator("top_up_minimum", "top_up_maximum")
    @classmethod
    def _amount(cls, text: str) -> str:
        _positive_micros(text)
        return text

    @field_validator("adjustment_limit", "refund_limit")
    @classmethod
    def _limit(cls, text: str) -> str:
        _micros(text)
        return text

    @field_validator("top_up_minimum_by_currency")
    @classmethod
    def _amounts(cls, amounts: dict[str, str]) -> dict[str, str]:
        for text in amounts.values():
            _positive_micros(text)
        return amounts

    def origin(self) -> str:
        """Where people reach the portal, without a slash at its end."""
        if self.public_url is not None:
            return self.public_url
        host = "127.0.0.1" if self.web_host in {"0.0.0.0", "::", ""} else self.web_host  # noqa: S104 - no address is bound here
        return f"http://[{host}]:{self.web_port}" if ":" in host else f"http://{host}:{self.web_port}"

    @model_validator(mode="after")
    def _providers_lead_back(self) -> Settings:
        check_providers(self.sign_in_providers, self.public_url)
        return self

    @model_validator(mode="after")
    def _receipts_make_sense(self) -> Settings:
        refuse_receipt_settings(self.seller, self.taxes, self.receipt_series, self.credit_note_series)
        return self

    def charging_terms(self) -> ChargingTerms:
        """The settings that charging decisions rest on."""
        return ChargingTerms(
            slice_seconds=self.slice_seconds,
            grant_margin_seconds=self.grant_margin_seconds,
            ring_seconds_max=self.ring_seconds_max,
            silence_charges_grant=self.silence_charges == "grant",
            plan_countries=self.plan_countries,
            clock_tolerance_seconds=self.clock_tolerance_seconds,
        )

    def adjustment_limit_micros(self) -> int:
        """What one operator may adjust a balance by in 24 hours, in millionths."""
        return _micros(self.adjustment_limit)

    def refund_limit_micros(self) -> int:
        """What one operator may refund an organization in 24 hours, net, in millionths."""
        return _micros(self.refund_limit)

    def funding_terms(self) -> FundingTerms:
        """The settings that buying funds rests on."""
        return FundingTerms(
            top_up_minimum_micros={
                currency: _positive_micros(text) for currency, text in self.top_up_minimum_by_currency.items()
            },
            top_up_minimum_default_micros=_positive_micros(self.top_up_minimum),
            top_up_maximum_micros=_positive_micros(self.top_up_maximum),
            cool_down_seconds=self.cool_down_seconds,
            unavailable_countries=self.unavailable_countries,
            taxes=tuple(row.row(self._tax_time_zone()) for row in self.taxes),
        )

    def receipt_terms(self) -> ReceiptTerms | None:
        """What receipts are issued by; None when there is no seller, and so no receipts."""
        if self.seller is None:
            return None
        return ReceiptTerms(
            seller=self.seller.party(),
            time_zone=self.seller.time_zone,
            series=self.receipt_series,
            credit_note_series=self.credit_note_series,
            tax_currency=self.seller.tax_currency(),
            exchange_rates=tuple(each.exchange_rate() for each in self.seller.exchange_rates),
        )

    def _tax_time_zone(self) -> str:
        return "UTC" if self.seller is None else self.seller.time_zone


def _micros(text: str, *, allowed: str = "0 or more", at_least: int = 0) -> int:
    """An amount in major units as millionths. Raises ValueError with what is allowed."""
    try:
        micros = parse_micros(text)
    except MoneyError as error:
        raise ValueError(str(error)) from None
    if micros < at_least:
        raise ValueError(f"must be {allowed}, not {text}")
    return micros


def _positive_micros(text: str) -> int:
    return _micros(text, allowed="above 0", at_least=1)
