"""Runs one command: an event loop for as long as it lasts, signals that stop it in order, and its exit status.

Knows how a command can end. Refuses to know what it does.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

import typer

from commcredits.edges.cli.parts import CannotRunError
from commcredits.edges.cli.refusing import ExitStatus, RefusedError, sentence_of
from commcredits.edges.cli.writing import complain

T = TypeVar("T")

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_SIGNAL_STATUS: Final = 128


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command to its end and give what it returns; every other end is a typer.Exit with its status.

    Ctrl-C and SIGTERM cancel the command once, so that it stops whatever it has started; it is then waited for.
    """
    try:
        return asyncio.run(_until_signal(work))
    except RefusedError as error:
        complain(sentence_of(error.refused))
        raise typer.Exit(error.status) from None
    except CannotRunError as error:
        complain(str(error))
        raise typer.Exit(ExitStatus.CANNOT_RUN) from None
    except _StoppedError as error:
        raise typer.Exit(_SIGNAL_STATUS + error.signal_number) from None


def serve(work: Coroutine[Any, Any, None]) -> None:
    """Run something that ends when it is told to: being told so is its success."""
    try:
        run(work)
    except typer.Exit as ending:
        if ending.exit_code not in {_SIGNAL_STATUS + number for number in _SIGNALS}:
            raise


class _StoppedError(Exception):
    """A signal came."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.signal_number = signal_number


async def _until_signal(work: Coroutine[Any, Any, T]) -> T:
    task = asyncio.ensure_future(work)
    received: list[int] = []

    def stop(number: int) -> None:
        # Once only: a second Ctrl-C must not cut short the stopping that the first one began.
        if not received:
            received.append(number)
            task.cancel()

    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, stop, number)
    try:
        return await task
    except asyncio.CancelledError:
        if received:
            raise _StoppedError(received[0]) from None
        raise
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
