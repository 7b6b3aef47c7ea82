"""Commands on an organization's rules: show them, and put others in force.

Knows arguments, and that what is not named stays. Refuses to know what a rule does to a call; the core does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from commcredits.core.money import MoneyError, parse_micros
from commcredits.edges.cli.options import AsJson, OrganizationId
from commcredits.edges.cli.parts import Parts
from commcredits.edges.cli.policy_writing import write_rules
from commcredits.edges.cli.refusing import taken
from commcredits.edges.cli.running import run

if TYPE_CHECKING:  # loading what a command does not use would delay its first word
    from commcredits.operations.rules import Rules, RulesRecord

NONE: Final = "none"
"""Takes a limit away."""

_WHOLE: Final = re.compile(r"[0-9]{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What an option says; None takes a limit away. An option that is left out is no Given at all."""

    value: int | None


def _amount(text: str) -> Given:
    if text == NONE:
        return Given(value=None)
    try:
        micros = parse_micros(text)
    except MoneyError as error:
        raise typer.BadParameter(f"{error}; or {NONE}") from None
    if micros < 0:
        raise typer.BadParameter(f"amount {text[:32]!r} is below 0")
    return Given(value=micros)


def _whole(text: str) -> Given:
    if text == NONE:
        return Given(value=None)
    if _WHOLE.fullmatch(text) is None:
        raise typer.BadParameter(f"{text[:32]!r} is not a whole number, nor {NONE}")
    return Given(value=int(text))


def _limit(help_text: str) -> Any:
    return typer.Option(metavar="AMOUNT|none", parser=_amount, help=help_text)


def _count(help_text: str, metavar: str = "NUMBER|none") -> Any:
    return typer.Option(metavar=metavar, parser=_whole, help=help_text)


DialOut = Annotated[
    str | None,
    typer.Option(
        metavar="CONFERENCE/USER",
        help="any, same_country, zone_a or none, a slash, and international_and_domestic, domestic or none.",
    ),
]
Premium = Annotated[bool | None, typer.Option(help="Premium numbers.")]
WithoutUser = Annotated[
    str | None, typer.Option(metavar="credits|refused", help="Calls of nobody's: what becomes of them.")
]
PoolSizes = Annotated[
    list[str] | None,
    typer.Option(
        "--pool-size",
        metavar="LICENCE=assigned|purchased",
        help="What a licence's pools are counted by; may be given many times.",
    ),
]
StopsBoth = Annotated[
    bool | None, typer.Option(help="Whether either pool of Domestic and International, once empty, stops both.")
]
CallsMax = Annotated[Given | None, _count("Most calls at once of the whole organization.")]
UserCallsMax = Annotated[Given | None, _count("Most calls at once of one user.")]
UserMonthlyMax = Annotated[Given | None, _limit("Most that a user without a cap of its own may spend a month.")]
Departments = Annotated[
    list[str] | None,
    typer.Option(
        "--department-monthly-max",
        metavar="DEPARTMENT=AMOUNT|none",
        help="Most that a department may spend a month; may be given many times.",
    ),
]
UserHourlyMax = Annotated[Given | None, _limit("What a user spends in an hour to be blocked.")]
DestinationDailyMax = Annotated[Given | None, _limit("What a day of calls to a country costs at least to block it.")]
DestinationFactor = Annotated[
    Given | None, _count("And how many times what is usual for that country.", metavar="NUMBER")
]
TollFreeMax = Annotated[Given | None, _limit("Most that one caller may cost on toll-free numbers a day.")]


def commands(parts: Parts) -> typer.Typer:
    """The group ``rules``."""
    group = typer.Typer(help="Say who may call whom and up to what, for a whole organization.", no_args_is_help=True)
    _add_show(group, parts)
    _add_set(group, parts)
    return group


def _add_show(group: typer.Typer, parts: Parts) -> None:
    @group.command("show")
    def show_rules(organization: OrganizationId, as_json: AsJson = False) -> None:
        """Show an organization's rules."""
        from commcredits.operations import rules

        async def work() -> RulesRecord:
            async with parts.open_services() as opened:
                return taken(await rules.read_rules(opened.services, organization_id=organization))

        write_rules(run(work()), as_json=as_json)


def _add_set(group: typer.Typer, parts: Parts) -> None:
    @group.command("set")
    def change_rules(  # noqa: PLR0913 - each option is a rule
        organization: OrganizationId,
        *,
        dial_out: DialOut = None,
        premium_allowed: Premium = None,
        calls_without_user: WithoutUser = None,
        pool_sizes: PoolSizes = None,
        international_stops_both: StopsBoth = None,
        calls_max: CallsMax = None,
        user_calls_max: UserCallsMax = None,
        user_monthly_max: UserMonthlyMax = None,
        departments: Departments = None,
        user_hourly_max: UserHourlyMax = None,
        destination_daily_max: DestinationDailyMax = None,
        destination_factor: DestinationFactor = None,
        toll_free_caller_daily_max: TollFreeMax = None,
        as_json: AsJson = False,
    ) -> None:
        """Put other rules in force for calls that begin from now on; what is not named stays as it is."""
        limits = {
            "calls_max": calls_max,
            "user_calls_max": user_calls_max,
            "user_monthly_max_micros": user_monthly_max,
            "user_hourly_max_micros": user_hourly_max,
            "destination_daily_max_micros": destination_daily_max,
            "destination_factor": destination_factor,
            "toll_free_caller_daily_max_micros": toll_free_caller_daily_max,
        }
        change = _change(
            limits={name: given.value for name, given in limits.items() if given is not None},
            departments=_departments(departments or ()),
            dial_out=dial_out,
            premium_allowed=premium_allowed,
            calls_without_user=calls_without_user,
            pool_size_by=_pool_sizes(pool_sizes or ()),
            international_stops_both=international_stops_both,
        )

        async def work() -> RulesRecord:
            from commcredits.operations import rules

            async with parts.open_services() as opened:
                return taken(await rules.change_rules(opened.services, organization_id=organization, change=change))

        write_rules(run(work()), as_json=as_json)


def _change(
    *, limits: Mapping[str, int | None], departments: Mapping[str, int | None], **options: Any
) -> Callable[[Rules], Rules]:
    """What these options make of the rules as they stand; raises typer.BadParameter for words that are none."""
    import dataclasses

    import msgspec

    if limits.get("destination_factor", 0) is None:
        raise typer.BadParameter("a factor cannot be taken away", param_hint="'--destination-factor'")
    given = {name: value for name, value in options.items() if value is not None}
    given |= _words(given.get("dial_out"), given.get("calls_without_user"))
    sizes = given.pop("pool_size_by")

    def change(rules: Rules) -> Rules:
        caps = {**rules.limits.department_monthly_max_micros, **departments}
        return dataclasses.replace(
            rules,
            **given,
            pool_size_by={**rules.pool_size_by, **sizes},
            limits=msgspec.structs.replace(
                rules.limits,
                **limits,
                department_monthly_max_micros={name: cap for name, cap in caps.items() if cap is not None},
            ),
        )

    return change


def _words(dial_out: str | None, calls_without_user: str | None) -> dict[str, Any]:
    from commcredits.core.roster import CallsWithoutUser, ConferenceDialOut, DialOutPolicy, UserDialOut

    found: dict[str, Any] = {}
    if dial_out is not None:
        conference, _, user = dial_out.partition("/")
        if conference not in tuple(ConferenceDialOut) or user not in tuple(UserDialOut):
            allowed = f"one of {', '.join(ConferenceDialOut)}, a slash, and one of {', '.join(UserDialOut)}"
            raise typer.BadParameter(f"{dial_out[:64]!r} is not {allowed}", param_hint="'--dial-out'")
        found["dial_out"] = DialOutPolicy(conference=ConferenceDialOut(conference), user=UserDialOut(user))
    if calls_without_user is not None:
        if calls_without_user not in tuple(CallsWithoutUser):
            raise typer.BadParameter(
                f"{calls_without_user[:32]!r} is not one of {', '.join(CallsWithoutUser)}",
                param_hint="'--calls-without-user'",
            )
        found["calls_without_user"] = CallsWithoutUser(calls_without_user)
    return found


def _departments(pairs: Iterable[str]) -> dict[str, int | None]:
    found: dict[str, int | None] = {}
    for pair in pairs:
        department, equals, amount = pair.rpartition("=")
        if not equals:
            raise typer.BadParameter(
                f"{pair[:64]!r} is not a department, an equals sign, and an amount or {NONE}",
                param_hint="'--department-monthly-max'",
            )
        found[department] = _amount(amount).value
    return found


def _pool_sizes(pairs: Iterable[str]) -> dict[Any, Any]:
    from commcredits.core.roster import Licence, PoolSize

    found: dict[Licence, PoolSize] = {}
    for pair in pairs:
        code, _, size = pair.partition("=")
        if code not in tuple(Licence) or size not in tuple(PoolSize):
            raise typer.BadParameter(
                f"{pair[:64]!r} is not the code of a licence, an equals sign, and {' or '.join(PoolSize)}",
                param_hint="'--pool-size'",
            )
        found[Licence(code)] = PoolSize(size)
    return found
