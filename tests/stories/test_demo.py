"""The demonstration, as a newcomer runs it: within its first minute everything happens by itself, and it ends whole."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

import httpx
import pytest

from tests.stories.program import Program, command, eventually, is_listening, left_running, program, settings_of

STORY_SECONDS_MAX: Final = 60
FREE: Final = "0.000000"
MINUTES_LEFT: Final = 6
"""What the reception in Romania has left of its plan when the demonstration begins."""
OPERATORS_OWN: Final = {
    "COMMCREDITS_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    "COMMCREDITS_TOP_UP_MINIMUM": "5000",
    "COLUMNS": "200",
}
"""Settings of somebody's own system, which a demonstration must leave alone."""


@contextmanager
def _demo(directory: Path, *words: str) -> Iterator[Program]:
    with program("demo", "--no-browser", "--data-directory", str(directory), *words, settings=OPERATORS_OWN) as running:
        yield running


class Seen:
    """What the public API tells of the three organizations."""

    def __init__(self, web_url: str, token: str) -> None:
        self._http = httpx.Client(base_url=web_url, headers={"Authorization": f"Bearer {token}"}, trust_env=False)
        listed = self._http.get("/v1/organizations").json()["items"]
        self._ids = {each["country"]: each["organization_id"] for each in listed}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._http.close()

    def items(self, country: str, what: str) -> list[dict[str, Any]]:
        """The newest page of a list."""
        answer = self._http.get(f"/v1/organizations/{self._ids[country]}/{what}", params={"limit": "200"})
        found: list[dict[str, Any]] = answer.json()["items"]
        return found

    def everything_happened(self) -> bool | None:
        """True once every part of the story is in the books."""
        return (self._money_moved() and self._minutes_and_rules_decided()) or None

    def _money_moved(self) -> bool:
        charged = any(entry["reason"] == "call" for entry in self.items("RO", "journal"))
        recharged = any(_is_recharge(each) and each["state"] == "succeeded" for each in self.items("RO", "top-ups"))
        refused = any(call["refusal"] == "insufficient_funds" for call in self.items("DE", "calls"))
        expired = any(entry["reason"] == "expiry" for entry in self.items("US", "journal"))
        return charged and recharged and refused and expired

    def _minutes_and_rules_decided(self) -> bool:
        romania, germany, states = (self.items(country, "calls") for country in ("RO", "DE", "US"))
        reception_outlived = any(
            call["pool_minutes"] == MINUTES_LEFT and call["charged"] != FREE and call["user_display_name"] == "Recepție"
            for call in romania
        )
        conference_included = any(
            call["call_type"] == "conf_out" and call["pool_minutes"] and call["charged"] == FREE for call in romania
        )
        queue_was_reached = any(
            (call["call_type"], call["user_display_name"]) == ("ucap_in", "Relații cu clienții")
            and call["charged"] != FREE
            for call in romania
        )
        without_licence = any(
            (call["refusal"], call["user_display_name"]) == ("credits_not_licensed", "Sales desk 2") for call in germany
        )
        against_policy = any(call["refusal"] == "dial_out_not_allowed" for call in states)
        return reception_outlived and conference_included and queue_was_reached and without_licence and against_policy

    def discrepancies(self) -> list[Any]:
        """Where the books disagree."""
        found: list[Any] = self._http.post("/v1/verify").json()["discrepancies"]
        return found


def _is_recharge(top_up: dict[str, Any]) -> bool:
    return bool(top_up["kind"] == "auto_recharge")


@pytest.mark.slow
@pytest.mark.timeout(200)
def test_everything_happens_by_itself_and_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    directory = tmp_path / "demo"
    with ExitStack() as stack:
        running = stack.enter_context(_demo(directory))
        portal = running.wait_for(r"portal +(http\S+)")
        token = running.wait_for(r"sign in with +(\S+)")
        web_url = portal.removesuffix("/portal/")
        charging_url = running.wait_for(r"charging +(http\S+)")
        seen = stack.enter_context(Seen(web_url, token))

        eventually(seen.everything_happened, seconds_max=STORY_SECONDS_MAX)
        assert [each["amount"] for each in seen.items("RO", "top-ups") if _is_recharge(each)] == ["250.000000"]
        assert any(entry["source"] == "customer_credits" for entry in seen.items("RO", "journal"))
        assert seen.discrepancies() == []
        in_another_shell = command("organizations", "list", settings=settings_of(directory))
        assert "Demo Carpați SRL" in in_another_shell.stdout

        # The terminal looks once a second, and so tells it a moment after the books.
        running.wait_for(r"(a fund lot expired)")
        processes = running.children
        assert running.end(signal.SIGINT) == 0
        assert left_running(processes, seconds_max=1) == []
    assert not any(is_listening(urlsplit(url).port or 0) for url in (portal, charging_url))
    _assert_story_was_told(running.said)
    log = (directory / "demonstration.log").read_text("utf-8")
    assert "Traceback" not in log
    assert "error" not in log.lower()
    # Its calls pass faster than the clock, which is no news of any of them.
    assert "call flagged" not in log


def _assert_story_was_told(said: str) -> None:
    before, _, after = said.partition("sign in with")
    # Where to look comes last of what is printed once; what happens stands below it.
    assert "portal" in before
    for sentence in (
        "Demo Carpați SRL: the balance fell below 95.00 RON: auto-recharge buys 250.00 RON",
        "Demo Carpați SRL: auto-recharge added 250.00 RON",
        "was refused: insufficient funds",
        "was refused: its minutes are used up, and there is no Communications Credits licence",
        "was refused: the dial-out policy does not allow it",
        "outlives its minutes: 6 min included, then credits: ",
        "ended: 6 min included and ",
        "a conference dial-out of Sală de conferințe to",
        "a toll-free call to Relații cu clienții",
        "Demo Prairie Inc.: a fund lot expired",
        "money is held for running calls",
        "The books agree",
        "Everything is stopped.",
    ):
        assert sentence in after, sentence
    assert "lost" not in after
    assert "Traceback" not in said


@pytest.mark.slow
@pytest.mark.timeout(150)
def test_a_demo_ends_by_itself_goes_on_with_its_data_and_touches_no_other(tmp_path: Path) -> None:
    directory = tmp_path / "demo"
    with _demo(directory, "--seconds", "2") as running:
        running.wait_for(r"(sign in with)")
        second = command(
            "demo", "--no-browser", "--data-directory", str(directory), "--seconds", "1", settings={"COLUMNS": "200"}
        )
        assert second.returncode == 3
        assert "a demonstration runs on" in second.stderr
        assert running.wait() == 0
    with _demo(directory, "--seconds", "1", "--keep") as running:
        running.wait_for(r"(organizations of the last demonstration are there)")
        assert running.wait() == 0

    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.txt").write_text("unfinished")
    refused = command("demo", "--no-browser", "--data-directory", str(precious), settings={})
    assert (refused.returncode, (precious / "thesis.txt").read_text()) == (3, "unfinished")
    assert "holds other data" in refused.stderr
