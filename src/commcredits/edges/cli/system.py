"""Commands that run the product and look after it: serve, demo, migrate, verify, version.

Knows what they say. Refuses to know how processes are started: the parts do.
"""

from __future__ import annotations

import asyncio
import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from commcredits.edges.cli.options import AsJson, whole_option
from commcredits.edges.cli.parts import DemoChoices, Parts
from commcredits.edges.cli.refusing import ExitStatus, taken
from commcredits.edges.cli.running import run, serve
from commcredits.edges.cli.writing import (
    complain,
    progress,
    write_facts,
    write_json,
    write_line,
    write_table,
)

if TYPE_CHECKING:
    from commcredits.operations.verify import Verification

SECONDS_MAX: Final = 7 * 24 * 3_600
PORT_MAX: Final = 65_535


def installed_version() -> str:
    """The version of this installation."""
    from importlib.metadata import version

    return version("commcredits")


def add_commands(app: typer.Typer, parts: Parts) -> None:
    """Add the commands to the application."""
    _add_serve(app, parts)
    _add_demo(app, parts)
    _add_upkeep(app, parts)

    @app.command("version")
    def show_version(as_json: AsJson = False) -> None:
        """Show the version."""
        if as_json:
            write_json({"version": installed_version()})
        else:
            write_line(f"commcredits {installed_version()}")


def _add_serve(app: typer.Typer, parts: Parts) -> None:
    @app.command("serve")
    def serve_until_stopped(as_json: AsJson = False) -> None:
        """Run the product: database, charging, web and worker processes. Ctrl-C stops all of it."""

        async def work() -> None:
            async with parts.run_system() as running:
                addresses = {
                    "portal": f"{running.web_url}/portal/",
                    "administration": f"{running.web_url}/v1/openapi.json",
                    "charging": running.charging_url,
                }
                if running.simulator_url is not None:
                    addresses["simulated_gateway"] = running.simulator_url
                for role, port in running.switch_ports.items():
                    addresses[role] = f"port {port}" if port else "connects to its switches"
                if as_json:
                    write_json(addresses)
                else:
                    write_facts({name.replace("_", " "): address for name, address in addresses.items()})
                    write_line("Everything runs. Ctrl-C stops it.")
                sys.stdout.flush()
                await asyncio.Event().wait()

        serve(work())


def _add_demo(app: typer.Typer, parts: Parts) -> None:
    @app.command()
    def demo(
        seconds: Annotated[int | None, whole_option("Stop by itself after so many seconds", 1, SECONDS_MAX)] = None,
        no_browser: Annotated[bool, typer.Option("--no-browser", help="Open no browser.")] = False,
        port: Annotated[int | None, whole_option("Port of the portal; 0 takes any free one", 0, PORT_MAX)] = None,
        keep: Annotated[bool, typer.Option("--keep", help="Go on with the data of the last demo.")] = False,
        data_directory: Annotated[Path | None, typer.Option(help="Where the demo keeps its data.")] = None,
    ) -> None:
        """Start everything with sample organizations and live traffic, on data of its own. Ctrl-C stops it."""
        choices = DemoChoices(
            seconds=seconds, open_browser=not no_browser, port=port, keep=keep, data_directory=data_directory
        )
        serve(parts.run_demo(choices))


def _add_upkeep(app: typer.Typer, parts: Parts) -> None:
    @app.command()
    def migrate(as_json: AsJson = False) -> None:
        """Bring the database to this version's schema; `serve` does so by itself."""
        applied = run(parts.migrate())
        if as_json:
            write_json({"applied": list(applied)})
        else:
            write_line("\n".join(f"applied {name}" for name in applied) or "The schema is up to date.")

    @app.command()
    def verify(as_json: AsJson = False) -> None:
        """Prove that balances, lots, holds, calls and journal agree, or say exactly where they do not."""
        from commcredits.operations.verification_runs import run_verification

        async def work() -> Verification:
            async with parts.open_services() as opened:
                with progress("verifying the books") as update:
                    return taken(
                        await run_verification(
                            opened.services, progress=lambda done, total: update(completed=done, total=total)
                        )
                    )

        found = run(work())
        _write_verification(found, as_json=as_json)
        if found.discrepancies:
            complain(f"the books disagree in {len(found.discrepancies)} places")
            raise typer.Exit(ExitStatus.BOOKS_DISAGREE)


def _write_verification(found: Verification, *, as_json: bool) -> None:
    if as_json:
        write_json(dataclasses.asdict(found))
        return
    if found.discrepancies:
        write_table(
            ("organization", "check", "subject", "expected ", "found "),
            (
                (each.organization_id, each.check, each.subject, str(each.expected_micros), str(each.found_micros))
                for each in found.discrepancies
            ),
        )
        return
    write_line(f"The books agree (organizations: {found.organizations}, transfers: {found.transfers}).")
