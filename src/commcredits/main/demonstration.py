"""``commcredits demo``: the whole system on data of its own, and the demonstration on top of it.

Knows which settings a demonstration needs and what is printed before it begins. Refuses to touch a directory that no
demonstration made.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import secrets
import shutil
import sys
import webbrowser
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, TextIO

from platformdirs import user_data_path
from pydantic import SecretStr
from rich.console import Console

from commcredits.edges.cli.parts import DemoChoices
from commcredits.edges.demo.administration import AdministrationError
from commcredits.edges.demo.show import Stage, decks_written, prepared_stage, write_decks
from commcredits.main.addresses import LOOPBACK
from commcredits.main.children import ChildFailedError
from commcredits.main.composition import SettingsError
from commcredits.main.logs import configure_logs
from commcredits.main.ports import is_free, os_reason
from commcredits.main.running import Running
from commcredits.main.supervisor import make_data_directory, running_system
from commcredits.settings import Settings

MARK: Final = "demonstration"
"""The file by which a data directory is known as a demonstration's; locked while one runs."""

LOG: Final = "demonstration.log"

_TOKEN_BYTES: Final = 16

_CALLS_PASS_FASTER_BY: Final = 86_400
"""Its calls pass many times faster than the clock: no call is flagged for that, so that other flags are seen."""

_SELLER: Final = {
    "legal_name": "Telefonie Exemplu SRL",
    "address_lines": ["Str. Școlii 5, et. 2"],
    "city": "SECTOR3",
    "postal_code": "030167",
    "county": "RO-B",
    "country": "RO",
    "tax_id": "RO18547290",
    "mail": "facturi@example.com",
    "time_zone": "Europe/Bucharest",
    "exchange_rates": [{"currency": "EUR", "from": "2026-01-01", "rate": "5.09"}],
}
"""Whose name stands on the receipts of a demonstration."""

Say = Callable[[str], None]


async def demonstrate(choices: DemoChoices) -> None:
    """Run the demonstration until its time is up or it is cancelled; everything it started is stopped then.

    Raises SettingsError, EmbeddedServerError, MigrationError and DatabaseUnreachableError.
    """
    settings = _settings(choices)
    console = Console(highlight=False, emoji=False, markup=False)

    def say(sentence: str) -> None:
        console.print(sentence, soft_wrap=True)
        console.file.flush()

    make_data_directory(settings)
    directory = settings.data_directory
    with _directory_to_itself(directory, keep=choices.keep), (directory / LOG).open("w", encoding="utf-8") as log:
        configure_logs(settings, role="supervisor", stream=log)
        status = console.status("This takes a few seconds.")
        status.start()
        say("Starting the database, the simulated gateway and every process")
        writing = asyncio.create_task(_write_decks(directory))
        try:
            async with running_system(settings, complaints=log.fileno()) as running:
                await writing
                async with prepared_stage(_stage(choices, settings, running), say) as performance:
                    status.stop()
                    _say_where(settings, running, say)
                    await _open_browser(choices, running, console)
                    await performance.run(console)
        except ChildFailedError as error:
            raise SettingsError(f"{error}: {directory / LOG}") from error
        except AdministrationError as error:
            raise SettingsError(f"the demonstration cannot be prepared: {error}") from error
        finally:
            status.stop()
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            say("Everything is stopped.")


def _settings(choices: DemoChoices) -> Settings:
    """The defaults, with data, ports and a token of its own: the operator's variables are for the operator's system."""
    directory = choices.data_directory or user_data_path("commcredits-demo", appauthor=False)
    chosen = {
        "data_directory": directory.resolve(),
        "operator_token": SecretStr(secrets.token_urlsafe(_TOKEN_BYTES)),
        "web_port": _usual_or_any(8080) if choices.port is None else choices.port,
        "charging_port": _usual_or_any(8081),
        "simulator_port": _usual_or_any(8082),
        "clock_tolerance_seconds": _CALLS_PASS_FASTER_BY,
        # Test cards are the same few cards for everybody, and recharges come thirty times as often.
        "new_method_days": 0,
        "seller": _SELLER,
    }
    defaults: dict[str, Any] = {
        name: field.get_default(call_default_factory=True) for name, field in Settings.model_fields.items()
    }
    return Settings(**{**defaults, **chosen})


def _usual_or_any(port: int) -> int:
    """The port, or 0, which takes any, when somebody else has it."""
    return port if is_free(LOOPBACK, port) else 0


async def _write_decks(directory: Path) -> None:
    if not decks_written(directory):
        await asyncio.to_thread(write_decks, directory)


def _stage(choices: DemoChoices, settings: Settings, running: Running) -> Stage:
    assert running.simulator_url is not None, "a demonstration has no other gateway"
    return Stage(
        web_url=running.web_url,
        charging_url=running.charging_url,
        simulator_url=running.simulator_url,
        token=_token(settings),
        deck_directory=settings.data_directory,
        seconds=choices.seconds,
    )


def _token(settings: Settings) -> str:
    assert settings.operator_token is not None, "a demonstration has one of its own"
    return settings.operator_token.get_secret_value()


def _portal(running: Running) -> str:
    return f"{running.web_url}/portal/"


def _say_where(settings: Settings, running: Running, say: Say) -> None:
    """Where everything is; the portal and the way in come last, so that they stay in sight."""
    say("Half an hour of telephone calls passes in every minute. Ctrl-C stops everything.")
    say(f"  log           {settings.data_directory / LOG}")
    say(f"  command line  COMMCREDITS_DATA_DIRECTORY={settings.data_directory} {_program()} organizations list")
    say(f"  API           {running.web_url}/v1/openapi.json")
    say(f"  charging      {running.charging_url}/v1/charging/")
    say(f"  portal        {_portal(running)}")
    say(f"  sign in with  {_token(settings)}")


def _program() -> str:
    """What was typed to start this, if it was the program's own name; it need not be on the path."""
    return sys.argv[0] if Path(sys.argv[0]).name == "commcredits" else "commcredits"


async def _open_browser(choices: DemoChoices, running: Running, console: Console) -> None:
    if choices.open_browser and console.is_terminal and _has_screen():
        await asyncio.to_thread(webbrowser.open, _portal(running))


def _has_screen() -> bool:
    """Whether a browser would open in a window; in the terminal it would only be in the way."""
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


@contextlib.contextmanager
def _directory_to_itself(directory: Path, *, keep: bool) -> Iterator[None]:
    """Hold the directory for one demonstration, empty unless ``keep``. SettingsError when it is not one's to empty."""
    mark = directory / MARK
    if not mark.exists() and any(directory.iterdir()):
        raise SettingsError(f"{directory} holds other data than a demonstration's: name another directory")
    with _opened(mark) as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = held.read().strip() or "unknown"
            raise SettingsError(
                f"a demonstration runs on {directory} already (process {holder}): "
                "stop it, or name another directory with --data-directory"
            ) from error
        held.truncate(0)
        held.write(f"{os.getpid()}\n")
        held.flush()
        if not keep:
            _empty(directory)
        yield


def _opened(mark: Path) -> TextIO:
    try:
        return os.fdopen(os.open(mark, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+", encoding="ascii")
    except OSError as error:
        raise SettingsError(f"{mark.parent} cannot be used: {os_reason(error)}") from error


def _empty(directory: Path) -> None:
    for path in directory.iterdir():
        if path.name == MARK:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
