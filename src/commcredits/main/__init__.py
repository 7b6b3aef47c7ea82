"""The composition root: settings become parts, parts become processes. Nothing imports it but its own entry points."""

from __future__ import annotations


def main() -> None:
    """The ``commcredits`` command."""
    from commcredits.main.command import build_command  # noqa: PLC0415 - a child process imports only what it runs

    build_command()()
