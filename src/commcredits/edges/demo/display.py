"""Shows a demonstration on the terminal: a table that stays in its place, or lines where nobody watches a terminal.

Knows columns and rows. Refuses to know where they come from.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from types import TracebackType
from typing import Final, Protocol, Self

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from commcredits.edges.demo.watching import Standing, short

EVENTS_SHOWN_MAX: Final = 10
LINE_SECONDS: Final = 5
"""How often a line says how everything stands, where there is no table."""


class Display(Protocol):
    """Somewhere to show a demonstration, for as long as the block lasts."""

    def show(self, seconds: int, standings: tuple[Standing, ...], events: tuple[str, ...]) -> None:
        """How it stands after so many seconds, and what is new."""
        ...

    def __enter__(self) -> Self:
        """Begin."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the last state standing."""
        ...


def display_for(console: Console) -> Display:
    """A table that is drawn anew in its place on a terminal, lines elsewhere."""
    return TableDisplay(console) if console.is_terminal else LineDisplay(console)


class TableDisplay:
    """One table and the last events, below what was printed before."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, auto_refresh=False, vertical_overflow="crop")
        self._events: deque[str] = deque(maxlen=EVENTS_SHOWN_MAX)

    def show(self, seconds: int, standings: tuple[Standing, ...], events: tuple[str, ...]) -> None:
        """Draw it anew."""
        self._events.extend(f"{_clock(seconds)}  {event}" for event in events)
        self._live.update(Group(_table(standings), *(Text(event) for event in self._events)), refresh=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()


class LineDisplay:
    """A line for each event, and one every few seconds for how everything stands."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._next_line_at_seconds = 0

    def show(self, seconds: int, standings: tuple[Standing, ...], events: tuple[str, ...]) -> None:
        """Print what is new."""
        for event in events:
            self._print(f"{_clock(seconds)}  {event}")
        if seconds >= self._next_line_at_seconds:
            self._next_line_at_seconds = seconds + LINE_SECONDS
            self._print(f"{_clock(seconds)}  " + " | ".join(_summary(each) for each in standings))

    def _print(self, line: str) -> None:
        self._console.print(Text(line), soft_wrap=True)
        self._console.file.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


def _table(standings: Iterable[Standing]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("organization", no_wrap=True)
    for name in ("posted", "held", "available"):
        table.add_column(name, justify="right", no_wrap=True)
    for name in ("minutes", "up", "over", "refused"):
        table.add_column(name, justify="right")
    for each in standings:
        table.add_row(
            Text(each.name),
            short(each.posted_micros),
            short(each.held_micros),
            Text(f"{short(each.available_micros)} {each.currency}", style="bold"),
            str(each.pool_minutes),
            str(each.calls_running),
            str(each.calls_over),
            str(each.calls_refused),
        )
    return table


def _summary(standing: Standing) -> str:
    amounts = f"{short(standing.posted_micros)} {standing.currency}, {short(standing.held_micros)} held"
    calls = f"{standing.calls_running} calls up, {standing.calls_refused} refused"
    return f"{standing.name} {amounts}, {standing.pool_minutes} included min, {calls}"


def _clock(seconds: int) -> str:
    return f"{seconds // 60}:{seconds % 60:02d}"
