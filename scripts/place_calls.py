"""Place real SIP calls through Kamailio, charged by a running charging process, and print what became of them.

Starts Kamailio with this repository's configuration and sipp telephones on free loopback ports, and stops them all.
Knows how to show a story; what happens in it stands in tests/stories/sip.
"""

import argparse
import os
import signal
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.stories.sip.charging_stand_in import Books, ChargingStandIn, Purse  # noqa: E402 - found by the line above
from tests.stories.sip.plan import StoryNumbers  # noqa: E402 - found by the line above
from tests.stories.sip.story import (  # noqa: E402 - found by the line above
    SipCall,
    SipStory,
    missing_programs,
    run_sip_story,
)

TOKEN_VARIABLE: Final = "COMMCREDITS_OPERATOR_TOKEN"  # noqa: S105 - the name of a variable, not a secret
SHORT_SECONDS: Final = 3
PRICE_PER_SECOND_MICROS: Final = 1_000
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
        with _charging(options, numbers) as (url, token):
            story = run_sip_story(url, token, numbers, calls=options.calls, directory=options.keep)
    except (ValueError, OSError) as error:
        print(f"place_calls: {error}", file=sys.stderr)
        return EXIT_NOT_POSSIBLE
    except KeyboardInterrupt:
        print("place_calls: stopped; nothing is left running", file=sys.stderr)
        return EXIT_NOT_POSSIBLE
    _show(story)
    return 0 if _went_well(story) else EXIT_NOT_AS_PLANNED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--calls", type=int, default=50, help="how many calls in all (default: %(default)s)")
    parser.add_argument(
        "--charging-url",
        help="where charging is heard, as http://127.0.0.1:8081; left out: a stand-in with money of its own",
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
        "--keep", type=_folder, help="an existing folder that keeps configuration, log and SIP messages"
    )
    return parser


def _folder(text: str) -> Path:
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"no such folder: {text}")
    return path


@contextmanager
def _charging(options: argparse.Namespace, numbers: StoryNumbers) -> Iterator[tuple[str, str]]:
    if options.charging_url:
        if not options.token:
            raise ValueError(f"name the bearer token of {options.charging_url} with --token or ${TOKEN_VARIABLE}")
        yield options.charging_url, options.token
        return
    seconds = {numbers.funded: 100_000, numbers.empty: 0, **dict.fromkeys(numbers.short, SHORT_SECONDS)}
    purses = {
        number: Purse(
            organization_id=number,
            balance_micros=lasting * PRICE_PER_SECOND_MICROS,
            price_per_second_micros=PRICE_PER_SECOND_MICROS,
        )
        for number, lasting in seconds.items()
    }
    with ChargingStandIn(Books(token="stand-in", numbers=purses)) as stand_in:  # noqa: S106 - it opens nothing real
        yield stand_in.url, "stand-in"


def _went_well(story: SipStory) -> bool:
    return story.everything_told and all(call.as_planned for call in story.calls)


def _show(story: SipStory) -> None:
    table = Table(title="Real SIP calls through Kamailio", title_justify="left")
    for heading in ("part of the story", "caller", "callee", "what happened", "SIP"):
        table.add_column(heading)
    for heading in ("set up, ms", "talked, s", "granted, s", "told, s", "extended"):
        table.add_column(heading, justify="right")
    for call in story.calls:
        table.add_row(*_row(call), style=None if call.as_planned else "bold red")
    console = Console(width=None if sys.stdout.isatty() else 150)
    console.print(table)
    counts = Counter(str(call.outcome) for call in story.calls)
    console.print(f"{len(story.calls)} calls: " + ", ".join(f"{count} {outcome}" for outcome, count in counts.items()))
    told = sum(call.used_seconds or 0 for call in story.calls)
    talked = sum(call.talk_seconds for call in story.calls)
    console.print(f"{talked:.1f} s talked, {told} started seconds told to charging")
    for call in story.calls:
        if not call.as_planned:
            console.print(
                f"{call.call_id}: planned {call.planned_outcome}, {call.planned_status_code}", style="bold red"
            )
    for trouble in story.troubles if not _went_well(story) else ():
        console.print(trouble, style="dim", markup=False, highlight=False)
    if not story.everything_told:
        console.print("charging has not taken every report", style="bold red")


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
