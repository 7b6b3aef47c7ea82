"""The page of settings keeps up with the settings, and a wrong one is told by its name."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest
from pydantic import SecretStr

from commcredits.core.places import PLAN_COUNTRIES
from commcredits.main.composition import SettingsError, operators
from commcredits.settings import SWITCH_ROLES, Settings

PAGE: Final = (Path(__file__).parents[2] / "docs" / "settings.md").read_text("utf-8")
ROWS: Final = dict(re.findall(r"^\| `COMMCREDITS_(\w+)` \| (.+?) \|", PAGE, re.MULTILINE))
ENOUGH: Final = {
    "COMMCREDITS_OPERATOR_TOKEN": "0123456789abcdef",
    "COMMCREDITS_WEB_PORT": "0",
    "COMMCREDITS_CHARGING_PORT": "0",
    "COMMCREDITS_SIMULATOR_PORT": "0",
}


def test_every_setting_is_on_the_page() -> None:
    assert sorted(name for name in Settings.model_fields if name.upper() not in ROWS) == []


def test_every_setting_on_the_page_exists() -> None:
    assert sorted(name for name in ROWS if name.lower() not in Settings.model_fields) == []


def test_every_default_is_the_one_on_the_page() -> None:
    for name, field in Settings.model_fields.items():
        if field.default_factory is None:
            default = list(field.default) if isinstance(field.default, frozenset) else field.default
            assert ROWS[name.upper()] == ("none" if default is None else f"`{default}`"), name


def test_every_setting_says_what_it_means() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_the_countries_of_international_minutes_reach_charging(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().charging_terms().plan_countries == PLAN_COUNTRIES
    monkeypatch.setenv("COMMCREDITS_PLAN_COUNTRIES", '["DE", "XK"]')
    assert Settings().charging_terms().plan_countries == {"DE", "XK"}
    monkeypatch.setenv("COMMCREDITS_PLAN_COUNTRIES", "[]")
    assert Settings().charging_terms().plan_countries == frozenset()


def _serve(directory: Path, settings: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COMMCREDITS_")}
    given = {"COMMCREDITS_DATA_DIRECTORY": str(directory), **ENOUGH, **settings}
    program = "from commcredits.main import main; main()"
    return subprocess.run(
        [sys.executable, "-c", program, "serve"],
        env={**environment, **given},
        check=False,
        capture_output=True,
        text=True,
        timeout=50,
    )


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("OPERATOR_TOKEN", "too-short", "at least 16 characters"),
        ("WEB_PORT", "99999", "less than or equal to 65535"),
        ("WEB_PORT", "http", "valid integer"),
        ("TOP_UP_MINIMUM", "-1", "must be above 0, not -1"),
        ("TOP_UP_MAXIMUM", "1e3", "decimal"),
        ("SILENCE_CHARGES", "nothing", "'grant' or 'reported'"),
        ("UNAVAILABLE_COUNTRIES", "BH,CN", "COMMCREDITS_UNAVAILABLE_COUNTRIES: is no JSON: Expecting value: line 1"),
        ("PLAN_COUNTRIES", '["DE", "Germany"]', "'Germany' is not the ISO 3166-1 code"),
        ("PLAN_COUNTRIES", '["001"]', "'001' is not the ISO 3166-1 code"),
        ("PLAN_COUNTRIES", "DE,FR", "COMMCREDITS_PLAN_COUNTRIES: is no JSON"),
        ("TAXES", "21%", "COMMCREDITS_TAXES: is no JSON"),
        ("CREDIT_NOTE_SERIES", "CC", "COMMCREDITS_RECEIPT_SERIES and COMMCREDITS_CREDIT_NOTE_SERIES must differ"),
        ("GATEWAYS", '{"paypal": {}}', "installed are bank_transfer, simulator, stripe"),
        ("GATEWAYS", '{"simulator": {}}', "needs base_url"),
        ("CHARGING_TLS_KEY", "key.pem", "COMMCREDITS_CHARGING_TLS_CERTIFICATE"),
        ("DATA_DIRECTORY", "/proc/nowhere", "name another directory"),
    ],
)
def test_a_wrong_setting_is_named_and_nothing_starts(tmp_path: Path, name: str, value: str, allowed: str) -> None:
    done = _serve(tmp_path / "data", {f"COMMCREDITS_{name}": value})

    assert done.returncode == 3
    assert name in done.stderr.upper()
    assert allowed in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "data").exists()


def test_a_secret_that_is_wrong_is_not_repeated(tmp_path: Path) -> None:
    done = _serve(tmp_path / "data", {"COMMCREDITS_OPERATOR_TOKEN": "hunter2"})

    assert "COMMCREDITS_OPERATOR_TOKEN" in done.stderr
    assert "hunter2" not in done.stdout + done.stderr


def test_a_secret_under_a_misspelt_name_is_not_repeated(tmp_path: Path) -> None:
    misspelt = '{"host": "mail.example.com", "pasword": "hunter2hunter2", "sender_address": "credits@example.com"}'
    done = _serve(tmp_path / "data", {"COMMCREDITS_MAIL": misspelt})

    assert done.returncode == 3
    assert "COMMCREDITS_MAIL: pasword: there is no setting of this name" in done.stderr
    assert "hunter2" not in done.stdout + done.stderr


def test_settings_that_do_not_go_together_are_told_without_repeating_the_others(tmp_path: Path) -> None:
    done = _serve(
        tmp_path / "data", {"COMMCREDITS_OPERATOR_TOKEN": "hunter2hunter2hunter2", "COMMCREDITS_RECEIPT_SERIES": "CN"}
    )

    assert done.returncode == 3
    assert "both are 'CN'" in done.stderr
    assert "hunter2" not in done.stdout + done.stderr


def test_without_a_token_nothing_is_open_to_everybody(tmp_path: Path) -> None:
    done = _serve(tmp_path / "data", {"COMMCREDITS_OPERATOR_TOKEN": ""})

    assert done.returncode == 3
    assert "COMMCREDITS_OPERATOR_TOKEN" in done.stderr


def test_a_setting_that_is_no_json_is_told_where_and_not_repeated(tmp_path: Path) -> None:
    unreadable = '{"clients": {"192.0.2.7": {"name": "nas-1", "secret": "hunter2hunter2hunter2"}},}'
    done = _serve(tmp_path / "data", {"COMMCREDITS_RADIUS": unreadable})

    assert done.returncode == 3
    assert "COMMCREDITS_RADIUS: must be a JSON object, and is no JSON: " in done.stderr
    assert "hunter2" not in done.stdout + done.stderr


def test_the_example_of_each_kind_of_switch_starts_as_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    examples = dict(re.findall(r"^export COMMCREDITS_(\w+)='([^']+)'", PAGE, re.MULTILINE))
    assert sorted(examples) == sorted(role.upper() for role in SWITCH_ROLES)
    for role, example in examples.items():
        monkeypatch.setenv(f"COMMCREDITS_{role}", example)
    settings = Settings()
    assert all(getattr(settings, role) is not None for role in SWITCH_ROLES)


def test_a_name_that_is_misspelt_is_told_with_the_one_that_was_meant(tmp_path: Path) -> None:
    done = _serve(tmp_path, {"COMMCREDITS_CGRATE": "{}", "COMMCREDITS_DATA_DIRECTORY": "/proc/nowhere"})

    assert "no setting has this name" in done.stderr
    assert "variable=COMMCREDITS_CGRATE" in re.sub(r"\x1b\[\d*m", "", done.stderr)
    assert "COMMCREDITS_CGRATES" in done.stderr


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ({"alice": "short"}, "the token of alice needs at least 16 characters"),
        ({"Alice": "a-long-enough-token"}, "is not a name"),
        ({"operator": "a-long-enough-token"}, "is not a name"),
        ({"console": "a-long-enough-token"}, "is not a name"),
        ({"": "a-long-enough-token"}, "is not a name"),
        ({"alice": "a-long-enough-token", "bob": "a-long-enough-token"}, "same token"),
    ],
)
def test_operators_have_names_and_tokens_of_their_own_and_no_token_is_repeated(
    named: dict[str, str], said: str
) -> None:
    with pytest.raises(ValueError, match=said) as refused:
        Settings(operators={name: SecretStr(token) for name, token in named.items()})
    assert "a-long-enough-token" not in str(refused.value)


def test_nobody_has_the_token_that_all_share() -> None:
    shared = SecretStr("the-token-that-all-share")
    settings = Settings(operator_token=shared, operators={"alice": shared})
    with pytest.raises(SettingsError, match="COMMCREDITS_OPERATORS"):
        operators(settings)


@pytest.mark.parametrize("codes", [{"cash": "1"}, {"tax": "="}, {"tax": ""}, {"tax": "1" * 33}])
def test_numbers_of_accounts_are_those_of_accounts_that_there_are(codes: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"is none of|is not an account number"):
        Settings(account_codes=codes)


def test_a_country_that_there_is_not_cannot_be_closed_to_purchases() -> None:
    with pytest.raises(ValueError, match="is not the ISO 3166-1 code"):
        Settings(unavailable_countries=frozenset({"UK"}))
