"""The ``commcredits`` command, put together: the command line over the parts of this installation.

Knows which settings each command runs with, and turns what keeps a part from running into a sentence. Refuses to load a
part before a command asks for it.
"""
# ruff: noqa: PLC0415 - a command loads what it runs and nothing else, so that --help answers at once

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from commcredits.edges.cli.app import build_app
from commcredits.edges.cli.parts import CannotRunError, DemoChoices, Opened, Parts, RunningSystem

if TYPE_CHECKING:
    import typer

    from commcredits.settings import Settings


_SECRET_WORDS: Final = ("secret", "password", "token")
"""A setting within a setting with such a word in its name is never repeated."""


def build_command() -> typer.Typer:
    """The command line of this installation."""
    return build_app(Parts(open_services=_open_services, run_system=_run_system, migrate=_migrate, run_demo=_run_demo))


@contextlib.asynccontextmanager
async def _open_services(*, with_gateways: bool = False) -> AsyncIterator[Opened]:
    with _explained():
        from commcredits.main.opening import opened_for_command

        settings = _settings(role="command", quiet=True)
        async with opened_for_command(settings, with_gateways=with_gateways) as opened:
            yield opened


@contextlib.asynccontextmanager
async def _run_system() -> AsyncIterator[RunningSystem]:
    with _explained():
        from commcredits.main.supervisor import running_system

        async with running_system(_settings(role="supervisor")) as running:
            yield running


async def _migrate() -> tuple[str, ...]:
    with _explained():
        from commcredits.main.opening import migrated

        return await migrated(_settings(role="command", quiet=True))


async def _run_demo(choices: DemoChoices) -> None:
    with _explained():
        from commcredits.main.demonstration import demonstrate

        await demonstrate(choices)


def _settings(*, role: str, quiet: bool = False) -> Settings:
    """The operator's settings; also sets up this process's log. ``quiet`` logs what is wrong and nothing else."""
    from commcredits.main.logs import configure_logs
    from commcredits.settings import Settings

    settings = Settings()
    told = settings.model_copy(update={"log_level": "warning"}) if quiet and settings.log_level == "info" else settings
    configure_logs(told, role=role)
    return settings


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    """Turn what keeps a part from running into CannotRunError, which is said in one line and without a trace."""
    import asyncpg
    from pydantic import ValidationError
    from pydantic_settings import SettingsError as UnreadableSettingError

    from commcredits.gateways.simulator.server import SimulatorStartError
    from commcredits.gateways.simulator.store import StateFileError
    from commcredits.main.composition import SettingsError
    from commcredits.storage.connection import DatabaseUnreachableError
    from commcredits.storage.embedded import EmbeddedServerError
    from commcredits.storage.migrations import MigrationError

    try:
        yield
    except ValidationError as error:
        if error.title != "Settings":
            raise  # a fault of ours
        raise CannotRunError(_wrong_settings(error)) from None
    except UnreadableSettingError as error:
        raise CannotRunError(_unreadable_setting(error)) from None
    except (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, ConnectionError) as error:
        raise CannotRunError(f"the database does not answer any more: {error}") from error
    except (
        SettingsError,
        EmbeddedServerError,
        MigrationError,
        DatabaseUnreachableError,
        SimulatorStartError,
        StateFileError,
    ) as error:
        raise CannotRunError(str(error)) from error


def _wrong_settings(error: object) -> str:
    """Each wrong setting with its value, unless that is secret or holds others, and what is allowed."""
    from pydantic import ValidationError

    from commcredits.settings import Settings

    assert isinstance(error, ValidationError), "it was caught as one"
    told = []
    for each in error.errors(include_url=False):
        if not each["loc"]:
            # Each is well formed, but not beside the others: its sentence names them. All settings are its input.
            told.append(_allowed(each))
            continue
        name, *within = (str(part) for part in each["loc"] if part != "[key]")
        annotation = str(Settings.model_fields[name].annotation) if name in Settings.model_fields else ""
        is_secret = "Secret" in annotation or any(word in name for name in within for word in _SECRET_WORDS)
        # What cannot be read as an object is not repeated either: it may hold any of its secrets. So may an address,
        # and what stands under a name that is none: somebody has misspelt "password".
        is_unread = each["type"] in {"model_type", "extra_forbidden"}
        holds_secrets = is_secret or is_unread or "://" in str(each["input"])
        is_shown = isinstance(each["input"], str | int) and not holds_secrets
        value = f" {str(each['input'])[:64]!r} is not allowed:" if is_shown else ""
        where = f" {'.'.join(within)}:" if within else ""
        told.append(f"COMMCREDITS_{name.upper()}:{where}{value} {_allowed(each)}")
    return "; ".join(told)


def _unreadable_setting(error: Exception) -> str:
    """Which setting is no JSON and where it stops being one, without a word of it: it may hold secrets."""
    import json
    import re

    named = re.search(r'field "(\w+)"', str(error))
    if named is None:
        return str(error)
    reason = f": {error.__cause__}" if isinstance(error.__cause__, json.JSONDecodeError) else ""
    return f"COMMCREDITS_{named[1].upper()}: is no JSON{reason}"


def _allowed(wrong: Mapping[str, Any]) -> str:
    """What is allowed, in the words of whoever writes settings where the library has its own."""
    facts: Mapping[str, Any] = wrong.get("ctx", {})
    match wrong["type"]:
        case "value_error":
            return str(facts["error"])
        case "missing":
            return "is needed"
        case "extra_forbidden":
            return "there is no setting of this name"
        case "model_type" | "dict_type":
            return "must be a JSON object" + _where_unreadable(wrong["input"])
        case "tuple_type":
            return "must be a JSON array"
        case "string_pattern_mismatch":
            return f"must be of the form {facts['pattern']}"
        case "too_short":
            return f"needs at least {facts['min_length']}" + (" characters" if isinstance(wrong["input"], str) else "")
        case _:
            return str(wrong["msg"])


def _where_unreadable(text: object) -> str:
    """Where a text stops being JSON, without a word of the text."""
    import json

    try:
        json.loads(text if isinstance(text, str) else "null")
    except ValueError as error:
        return f", and is no JSON: {error}"
    return ""
