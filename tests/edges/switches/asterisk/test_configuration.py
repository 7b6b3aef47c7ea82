"""The configuration that is shipped says what the edge hears."""

import re
from pathlib import Path
from typing import Final

import pytest

from commcredits.core.numbers import EMERGENCY_NUMBERS
from commcredits.edges.switches.asterisk.ari_events import CALL_VARIABLE
from commcredits.edges.switches.asterisk.ari_requests import CONNECTIONS_MAX, KEEP_ALIVE_SECONDS
from commcredits.edges.switches.asterisk.call_arguments import KEYS
from commcredits.edges.switches.asterisk.fastagi_scripts import END_KEYS, START_KEYS
from commcredits.settings.asterisk import AsteriskLink, AsteriskSettings

FOLDER: Final = Path(__file__).parents[4] / "deploy" / "asterisk"
DIAL_PLAN: Final = (FOLDER / "extensions.conf").read_text("utf-8")
ARI: Final = (FOLDER / "ari.conf.template").read_text("utf-8")
HTTP: Final = (FOLDER / "http.conf").read_text("utf-8")
CODE: Final = re.sub(r"^\s*;.*$", "", DIAL_PLAN, flags=re.MULTILINE)


def _number(text: str, name: str) -> int:
    (value,) = re.findall(rf"^{name} = (\d+)$", text, re.MULTILINE)
    return int(value)


def test_every_emergency_number_passes_without_us() -> None:
    numbers = re.findall(r"^exten => (\d{3}),1,Goto\(commcredits-emergency-call,", CODE, re.MULTILINE)
    assert sorted(numbers) == sorted(EMERGENCY_NUMBERS)
    for context in ("commcredits-ari", "commcredits-fastagi"):
        assert f"[{context}]\ninclude => commcredits-emergency\n" in CODE


@pytest.mark.parametrize(
    ("application", "keys"),
    [(r"Stasis\(commcredits", KEYS), ("/authorise", KEYS), ("/start", START_KEYS), ("/end", END_KEYS)],
)
def test_a_dial_plan_says_nothing_that_is_not_heard(application: str, keys: frozenset[str]) -> None:
    (said,) = re.findall(rf"{application},(.*)\)$", CODE, re.MULTILINE)
    assert set(re.findall(r"(?:^|,)(\w+)=", said)) <= keys


def test_what_a_telephone_sends_is_reduced_to_digits() -> None:
    for source in ("CALLERID(num)", "EXTEN"):
        uses = [
            line for line in CODE.splitlines() if f"{{{source}" in line and ("Stasis(" in line or "/authorise" in line)
        ]
        assert uses
    assert all("FILTER(0-9,${CALLERID(num)})" in line for line in CODE.splitlines() if "CALLERID(num)" in line)
    entries = re.findall(r"^exten => _(?:\+|00)X!,1,(.*)$", CODE, re.MULTILINE)
    assert len(entries) == 4
    assert all("${FILTER(0-9,${EXTEN" in entry for entry in entries)


def test_every_context_that_is_named_is_there() -> None:
    contexts = set(re.findall(r"^\[([\w-]+)\]$", CODE, re.MULTILINE))
    named = set(re.findall(r"(?:Goto\(|include => |U\(|hangup_handler_push\)=)(commcredits[\w-]*)", CODE))
    assert named <= contexts
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,79}", "commcredits-refused")
    assert "commcredits-refused" in contexts


def test_what_is_not_granted_is_hung_up() -> None:
    plan = CODE[CODE.index("[commcredits-fastagi-call]") :]
    assert plan.index('"${COMMCREDITS_RESULT}" != "granted"') < plan.index("Dial(")
    assert 'Hangup(${IF($["${STASISSTATUS}" = "FAILED"]?42:16)})' in CODE


def test_the_servers_settings_fit_the_link() -> None:
    assert f"channelvars = {CALL_VARIABLE}\n" in ARI
    assert f"[{AsteriskLink.model_fields['application'].default}]" in ARI
    assert _number(HTTP, "session_limit") > CONNECTIONS_MAX + 1
    assert _number(HTTP, "session_keep_alive") > KEEP_ALIVE_SECONDS * 1_000
    assert f"agi://127.0.0.1:{AsteriskSettings().port}\n" in DIAL_PLAN
