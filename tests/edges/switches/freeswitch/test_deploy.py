"""The dial plan that is shipped says what the edge reads, and lets no call on that was not admitted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from commcredits.core.numbers import EMERGENCY_NUMBERS
from commcredits.edges.switches.freeswitch import channel
from tests.house.tree import ROOT

DEPLOY = ROOT / "deploy" / "freeswitch"
DIAL_PLANS = sorted((DEPLOY / "dialplan").glob("*.xml"))
OWN_NAMES = {
    value for name, value in vars(channel).items() if name.isupper() and str(value).startswith("commcredits_")
} | {"commcredits_switch", "commcredits_socket", "commcredits_carrier", "commcredits_emergency"}


def _extensions(path: Path) -> Mapping[str, ET.Element]:
    root = ET.parse(path).getroot()  # noqa: S314 # a file of our own
    return {str(extension.get("name")): extension for extension in root.iter("extension")}


def _actions(extension: ET.Element) -> list[tuple[str, str]]:
    return [(str(action.get("application")), str(action.get("data", ""))) for action in extension.iter("action")]


PLAN = _extensions(DEPLOY / "dialplan" / "commcredits.xml")


@pytest.mark.parametrize("path", sorted(DEPLOY.rglob("*.xml")), ids=lambda path: path.name)
def test_every_file_is_well_formed(path: Path) -> None:
    assert ET.parse(path).getroot() is not None  # noqa: S314 # a file of our own


@pytest.mark.parametrize("path", DIAL_PLANS, ids=lambda path: path.name)
def test_no_name_is_used_that_the_edge_does_not_know(path: Path) -> None:
    text = "".join(str(action) for extension in _extensions(path).values() for action in _actions(extension))
    assert set(re.findall(r"commcredits_[a-z_]+", text)) <= OWN_NAMES


def test_the_extensions_where_calls_go_on_have_the_names_that_the_edge_says() -> None:
    assert {channel.ON_GRANTED, channel.ON_REFUSED} <= set(PLAN)
    assert list(PLAN)[-1] == "commcredits_ask"


def test_every_emergency_number_and_no_other_passes_without_asking() -> None:
    (condition,) = PLAN["commcredits_emergency"].iter("condition")
    pattern = re.compile(str(condition.get("expression")))
    found = {f"{number:03}" for number in range(1_000) if pattern.fullmatch(f"{number:03}")}
    assert found == EMERGENCY_NUMBERS
    assert not any(pattern.match(number) for number in ("+40112345678", "1121", "0112"))


def test_nobody_can_dial_the_way_of_an_admitted_call() -> None:
    guard = [condition.get("field") for condition in PLAN["commcredits_granted"].iter("condition")]
    assert f"${{{channel.SESSION}}}" in guard


def test_the_number_that_was_priced_is_the_number_that_is_dialled() -> None:
    bridge = dict(_actions(PLAN["commcredits_granted"]))["bridge"]
    assert bridge.endswith(f"/${{{channel.CALLEE}}}")


def test_a_call_that_could_not_be_asked_for_is_refused() -> None:
    applications = [application for application, _data in _actions(PLAN["commcredits_ask"])]
    assert applications[applications.index("socket") + 1 :] == ["respond", "hangup"]
    (plan,) = (_extensions(path) for path in DIAL_PLANS if "link" in path.name)
    actions = _actions(plan["commcredits_ask"])
    assert ("set", f"{channel.ASK}=park") in actions
    assert ("set", "park_timeout=5:NORMAL_TEMPORARY_FAILURE") in actions
    assert [application for application, _data in actions][-2:] == ["park", "hangup"]
