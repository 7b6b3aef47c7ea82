"""Gateways are found by name, built in or announced by a package; nothing is guessed."""

import sys
from pathlib import Path

import pytest

from commcredits.gateways.registry import AmbiguousGateway, UnknownGateway, gateway_names, open_gateway
from commcredits.gateways.simulator.client import SimulatorGateway

BASE_URL = {"base_url": "http://127.0.0.1:8082"}


def _install_plug_in(folder: Path, name: str, value: str) -> None:
    """Lay down what installing a package lays down: a module and its metadata."""
    (folder / f"plug_in_{name}.py").write_text(
        "from commcredits.gateways.simulator.client import open_simulator\n"
        "def open_it(settings):\n    return open_simulator(settings)\n"
    )
    metadata = folder / f"plug_in_{name}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: plug-in-{name}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[commcredits.gateways]\n{name} = {value}\n")


def test_the_simulator_is_built_in() -> None:
    assert "simulator" in gateway_names()
    assert isinstance(open_gateway("simulator", BASE_URL), SimulatorGateway)


def test_a_name_that_nobody_has_is_answered_with_the_names_there_are() -> None:
    unknown = open_gateway("strype", {})
    assert isinstance(unknown, UnknownGateway)
    assert unknown.name == "strype"
    assert "simulator" in unknown.known_names


def test_a_package_adds_a_gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _install_plug_in(tmp_path, "acme", "plug_in_acme:open_it")
    monkeypatch.syspath_prepend(tmp_path)
    assert "acme" in gateway_names()
    assert isinstance(open_gateway("acme", BASE_URL), SimulatorGateway)


def test_looking_for_names_imports_no_plug_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _install_plug_in(tmp_path, "lazy", "plug_in_lazy:open_it")
    monkeypatch.syspath_prepend(tmp_path)
    assert "lazy" in gateway_names()
    assert "plug_in_lazy" not in sys.modules


def test_a_package_can_not_take_the_place_of_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _install_plug_in(tmp_path, "simulator", "plug_in_simulator:open_it")
    monkeypatch.syspath_prepend(tmp_path)
    ambiguous = open_gateway("simulator", BASE_URL)
    assert isinstance(ambiguous, AmbiguousGateway)
    assert "plug_in_simulator:open_it" in ambiguous.values


def test_a_broken_plug_in_is_not_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _install_plug_in(tmp_path, "broken", "no_such_module:open_it")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError):
        open_gateway("broken", {})


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({}, "base_url"),
        ({**BASE_URL, "base_uri": "x"}, "no setting base_uri"),
        ({**BASE_URL, "webhook_secret": "guess"}, "whsec_"),
        ({**BASE_URL, "webhook_secret": "whsec_c2hvcnQ="}, "24 bytes"),
        ({**BASE_URL, "answer_seconds_max": "0"}, "more than 0"),
        ({**BASE_URL, "answer_seconds_max": "nan"}, "more than 0"),
    ],
)
def test_a_setting_that_can_not_be_meant_stops_the_start(settings: dict[str, str], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        open_gateway("simulator", settings)


def test_a_gateway_shows_no_secret_of_its_own() -> None:
    secret = "whsec_" + "QUJD" * 10
    gateway = open_gateway("simulator", {"base_url": "http://ana:parola@127.0.0.1:8082", "webhook_secret": secret})
    assert "parola" not in repr(gateway)
    assert secret not in repr(gateway) + repr(vars(gateway))
