"""Place real SIP calls through Kamailio, charge them, and print what became of each and what the ledger says of it.

Starts a whole system with data of its own, unless a running charging process is named, Kamailio with this repository's
configuration and sipp telephones, all on free loopback ports, and stops them all. Knows how to show a story; what
happens in it stands in tests/stories/sip.
"""

import argparse
import os
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

from rich.console import Console
from rich.table import Table

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from commcredits.core.money import format_micros  # noqa: E402 - after the line above, as those below it
from commcredits.edges.demo.administration import AdministrationError  # noqa: E402 - found by the line above
from commcredits.main.children import ChildFailedError  # noqa: E402 - found by the line above
from commcredits.main.logs import configure_logs  # noqa: E402 - found by the line above
from commcredits.settings import Settings  # noqa: E402 - found by the line above
from commcredits.storage.embedded import EmbeddedServerError  # noqa: E402 - found by the line above
from tests.stories.books import CURRENCY, Ledger  # noqa: E402 - found by the line above
from tests.stories.sip.charged_story import tell_charged_story  # noqa: E402 - found by the line above
from tests.stories.sip.first_call import FirstCall, tell_first_call  # noqa: E402 - found by the line above
from tests.stories.sip.plan import StoryNumbers  # noqa: E402 - found by the line above
from tests.stories.sip.story import (  # noqa: E402 - found by the line above
    SipCall,
    SipStory,
    missing_programs,
    run_sip_story,
)

TOKEN_VARIABLE: Final = "COMMCREDITS_OPERATOR_TOKEN"  # noqa: S105 - the name of a variable, not a secret
EXIT_NOT_AS_PLANNED: Final = 1
EXIT_NOT_POSSIBLE: Final = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when every call came to what was planned, 1 when one did not, 2 when none could be placed."""
    options = _parser().parse_args(arguments)
    numbers = StoryNumbers(
        funded=options.funded,
        empty=options.empty,
        unknown=options.unknown,
        short=tuple(options.short),
        callee_prefix=options.callee_prefix,
    )
    missing = missing_programs()
    if missing:
        print(f"place_calls: not installed: {', '.join(missing)}", file=sys.stderr)
        return EXIT_NOT_POSSIBLE
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that a plain kill stops the telephones too
    try:
        if options.first:
            return _show_first(_tell_first(options, numbers))
        story, ledger = _tell(options, numbers)
    except (ValueError, OSError, EmbeddedServerError, ChildFailedError, AdministrationError) as error:
        print(f"place_calls: {error}", file=sys.stderr)
        return EXIT_NOT_POSSIBLE
    except KeyboardInterrupt:
        print("place_calls: stopped; nothing is left running", file=sys.stderr)
        return EXIT_NOT_POSSIBLE
    _show(story, ledger)
    return 0 if _went_well(story) and (ledger is None or _agrees(ledger)) else EXIT_NOT_AS_PLANNED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument(
        "--first", action="store_true", help="one call that is charged, and the balance before and after it"
    )
    parser.add_argument("--calls", type=int, default=50, help="how many calls in all (default: %(default)s)")
    parser.add_argument(
        "--charging-url",
        help="where charging is heard, as http://127.0.0.1:8081; left out: a system of its own, with funds",
    )
    parser.add_argument(
        "--token", default=os.environ.get(TOKEN_VARIABLE), help=f"its bearer token (default: ${TOKEN_VARIABLE})"
    )
    parser.add_argument("--funded", default="+40721000001", help="a caller that can pay for every call")
    parser.add_argument("--empty", default="+40721000002", help="a caller without funds")
    parser.add_argument("--unknown", default="+40721999999", help="a caller of no organization")
    parser.add_argument(
        "--short",
        nargs="*",
        default=[f"+4072100010{digit}" for digit in range(6)],
        help="callers, each of an organization of its own with funds for a few seconds",
    )
    parser.add_argument("--callee-prefix", default="+4931100000", help="who is called, less the last digit")
    parser.add_argument(
        "--keep", type=_folder, help="an existing folder that keeps configuration, logs and SIP messages"
    )
    return parser


def _folder(text: str) -> Path:
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"no such folder: {text}")
    return path


def _tell(options: argparse.Namespace, numbers: StoryNumbers) -> tuple[SipStory, Ledger | None]:
    """Place the calls; the ledger of the system that was started for them, None when one was named."""
    if options.charging_url:
        if not options.token:
            raise ValueError(f"name the bearer token of {options.charging_url} with --token or ${TOKEN_VARIABLE}")
        story = run_sip_story(options.charging_url, options.token, numbers, calls=options.calls, directory=options.keep)
        return story, None
    with _scratch(options) as (data_directory, log):
        charged = tell_charged_story(
            numbers, data_directory, calls=options.calls, directory=options.keep, complaints=log.fileno()
        )
    return charged.story, charged.ledger


def _tell_first(options: argparse.Namespace, numbers: StoryNumbers) -> FirstCall:
    if options.charging_url:
        raise ValueError("--first has a system of its own, and no --charging-url")
    with _scratch(options) as (data_directory, log):
        return tell_first_call(numbers, data_directory, directory=options.keep, complaints=log.fileno())


@contextmanager
def _scratch(options: argparse.Namespace) -> Iterator[tuple[Path, TextIO]]:
    """A folder for a system's data, and the file that takes its log."""
    with tempfile.TemporaryDirectory(prefix="calls-") as scratch:
        data_directory = Path(scratch)
        data_directory.chmod(0o711)  # the database of a root user is another user, who has to get through
        with ((options.keep or data_directory) / "system.log").open("w", encoding="utf-8") as log:
            configure_logs(Settings(), role="supervisor", stream=log)
            yield data_directory, log


def _show_first(first: FirstCall) -> int:
    """Print the call line by line. 0 when it was charged what the balance fell by, and more than nothing."""
    call, booked = first.call, first.booked
    charged_micros = 0 if booked is None else booked.charged_micros
    print(f"balance before the call   {format_micros(first.before_micros)} {CURRENCY}")
    print(f"the call                  {call.caller} to {call.callee} through Kamailio: {call.outcome}")
    print(
        f"  authorised and answered {call.setup_seconds * 1000:.0f} ms after the INVITE, for {call.granted_seconds} s"
    )
    print(f"  talked                  {call.talk_seconds:.2f} s; Kamailio told {call.used_seconds} started seconds")
    print(f"  charged                 {format_micros(charged_micros)} {CURRENCY}")
    print(f"balance after the call    {format_micros(first.after_micros)} {CURRENCY}")
    went_well = call.as_planned and charged_micros == first.before_micros - first.after_micros > 0
    return 0 if went_well else EXIT_NOT_AS_PLANNED


def _went_well(story: SipStory) -> bool:
    return story.everything_told and all(call.as_planned for call in story.calls)


def _agrees(ledger: Ledger) -> bool:
    """Whether the calls, the journal and the balances tell of the same money, to the millionth."""
    nothing_held = not any(account.held_micros for account in ledger.accounts.values())
    return nothing_held and not ledger.discrepancies and all(account.agrees for account in ledger.accounts.values())


def _show(story: SipStory, ledger: Ledger | None) -> None:
    table = Table(title="Real SIP calls through Kamailio", title_justify="left")
    for heading in ("part of the story", "caller", "callee", "what happened", "SIP"):
        table.add_column(heading)
    for heading in ("set up, ms", "talked, s", "granted, s", "told, s", "extended"):
        table.add_column(heading, justify="right")
    if ledger is not None:
        table.add_column("ledger")
        table.add_column("booked, s", justify="right")
        table.add_column(f"charged, {CURRENCY}", justify="right")
    for call in story.calls:
        booked = () if ledger is None else _booked(ledger, call)
        table.add_row(*_row(call), *booked, style=None if call.as_planned else "bold red")
    console = Console(width=None if sys.stdout.isatty() else 180)
    console.print(table)
    counts = Counter(str(call.outcome) for call in story.calls)
    console.print(f"{len(story.calls)} calls: " + ", ".join(f"{count} {outcome}" for outcome, count in counts.items()))
    told = sum(call.used_seconds or 0 for call in story.calls)
    talked = sum(call.talk_seconds for call in story.calls)
    console.print(f"{talked:.1f} s talked, {told} started seconds told to charging")
    if ledger is not None:
        _show_sums(ledger, console)
    for call in story.calls:
        if not call.as_planned:
            console.print(
                f"{call.call_id}: planned {call.planned_outcome}, {call.planned_status_code}", style="bold red"
            )
    for trouble in story.troubles if not _went_well(story) else ():
        console.print(trouble, style="dim", markup=False, highlight=False)
    if not story.everything_told:
        console.print("charging has not taken every report", style="bold red")


def _show_sums(ledger: Ledger, console: Console) -> None:
    accounts = ledger.accounts.values()
    charged, journal, spent, held = (
        format_micros(sum(amounts))
        for amounts in (
            (each.charged_micros for each in accounts),
            (each.journal_micros for each in accounts),
            (each.funds_micros - each.posted_micros for each in accounts),
            (each.held_micros for each in accounts),
        )
    )
    console.print(f"{charged} {CURRENCY} charged to calls, {journal} in the journal, {spent} gone from the balances")
    for number, account in ledger.accounts.items():
        if account.calls and account.funds_micros:
            before, after = format_micros(account.funds_micros), format_micros(account.posted_micros)
            console.print(f"balance of {number}: {before} {CURRENCY} before, {after} {CURRENCY} after")
    console.print(f"{held} {CURRENCY} still held; verification finds {len(ledger.discrepancies)} discrepancies")
    if not _agrees(ledger):
        console.print("the books do not agree", style="bold red")


def _booked(ledger: Ledger, call: SipCall) -> tuple[str, str, str]:
    booked = ledger.call(call.session_id) if call.session_id else None
    if booked is None:
        return "", "", ""
    return booked.refusal or booked.state, str(booked.duration_seconds), format_micros(booked.charged_micros)


def _row(call: SipCall) -> tuple[str, ...]:
    return (
        call.chapter,
        call.caller,
        call.callee,
        f"{call.outcome}: {call.refusal_code}" if call.refusal_code else str(call.outcome),
        str(call.status_code),
        f"{call.setup_seconds * 1000:.0f}",
        f"{call.talk_seconds:.2f}" if call.talk_seconds else "",
        "" if call.granted_seconds is None else str(call.granted_seconds),
        "" if call.used_seconds is None else str(call.used_seconds),
        str(call.extensions) if call.extensions else "",
    )


if __name__ == "__main__":
    sys.exit(main())
