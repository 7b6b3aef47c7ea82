"""An operator's day at the terminal: every command does what it says, for people and for programs."""

from tests.edges.cli.terminal import DECK, NOBODY, Terminal
from tests.operations.office import CALLEE, CALLER, open_office
from tests.storage_fixtures import run


def _call(database_url: str, organization: str, session_id: str = "call-1", seconds: int = 90) -> None:
    """A whole call, made now."""

    async def make() -> None:
        async with open_office(database_url) as office:
            await office.call(organization, session_id, seconds)

    run(make())


def test_an_operator_opens_prices_and_funds_an_organization_at_the_terminal(terminal: Terminal) -> None:
    organization = terminal.open_organization("Acme", language="ro")
    deck = terminal.do("rates", "import", terminal.file(DECK), "--name", "Standard", "--currency", "EUR")
    assert terminal.do("organizations", "assign-rate-deck", organization, deck["rate_deck_id"]) == {"changed": True}
    number = terminal.do("numbers", "add", organization, "+40212345678", "--display-name", "Recepție")
    method = terminal.add_card(organization)
    top_up = terminal.do("funds", "add", organization, "60", "--payment-method", method)

    assert (deck["rate_count"], number["kind"]) == (1, "user")
    assert (top_up["state"], top_up["amount"], top_up["kind"]) == ("succeeded", "60.000000", "manual")
    (listed,) = terminal.do("organizations", "list")["items"]
    assert (listed["name"], listed["language"], listed["rate_deck_id"]) == ("Acme", "ro", deck["rate_deck_id"])
    balance = terminal.do("balance", organization)
    assert (balance["posted"], balance["held"], balance["available"]) == ("60.000000", "0.000000", "60.000000")
    assert terminal.do("verify")["discrepancies"] == []


def test_a_call_is_found_in_every_report(terminal: Terminal, database_url: str) -> None:
    organization = terminal.open_organization()
    deck = terminal.do("rates", "import", terminal.file(DECK), "--name", "Standard", "--currency", "EUR")
    terminal.do("organizations", "assign-rate-deck", organization, deck["rate_deck_id"])
    terminal.do("funds", "promote", organization, "10", "--expires-at", "2030-01-01", "--reason", "test")
    _call(database_url, organization)

    (call,) = terminal.do("calls", "list", organization)["items"]
    assert (call["caller"], call["callee"], call["charged"], call["duration_seconds"]) == (
        CALLER,
        CALLEE,
        "0.900000",
        90,
    )
    assert terminal.do("calls", "list", organization, "--session-id", "call-1")["items"] == [call]
    charge, grant = terminal.do("journal", organization)["items"]
    assert (charge["reason"], charge["amount"], charge["session_id"]) == ("call", "0.900000", "call-1")
    assert (grant["reason"], grant["amount"], grant["currency"]) == ("promotion", "10.000000", "EUR")
    (lot,) = terminal.do("lots", organization)["items"]
    assert (lot["free"], lot["source"], lot["expires_at"]) == ("9.100000", "promotion", "2030-01-01T00:00:00Z")


def test_people_read_tables_with_amounts_as_short_as_they_are_exact(terminal: Terminal, database_url: str) -> None:
    organization = terminal.open_organization("Țară [bold]SRL[/bold]")
    deck = terminal.do("rates", "import", terminal.file(DECK), "--name", "Standard", "--currency", "EUR")
    terminal.do("organizations", "assign-rate-deck", organization, deck["rate_deck_id"])
    terminal.do("funds", "promote", organization, "10.000001", "--expires-at", "2030-01-01", "--reason", "test")
    _call(database_url, organization)

    assert "Țară [bold]SRL[/bold]" in terminal.type("organizations", "list").output
    assert "9.100001 EUR" in terminal.type("balance", organization).output
    for command in (("lots",), ("journal",), ("calls", "list")):
        table = terminal.type(*command, organization)
        assert table.status == 0
        assert "0.90" in table.output or "9.100001" in table.output
    assert "The books agree (organizations: 1, transfers: 2)." in terminal.type("verify").output


def test_auto_recharge_is_set_shown_and_switched_off(terminal: Terminal) -> None:
    organization = terminal.open_organization()
    method = terminal.add_card(organization)
    none = terminal.type("auto-recharge", "show", organization)
    assert (none.status, "no auto-recharge rule" in none.complaint) == (1, True)

    amounts = ("--recharge-amount", "100", "--trigger-amount", "20.50")
    saved = terminal.do("auto-recharge", "set", organization, *amounts, "--payment-method", method)
    assert (saved["enabled"], saved["recharge_started"], saved["monthly_cap"]) == (True, True, "1000.000000")
    shown = terminal.do("auto-recharge", "show", organization)
    assert (shown["trigger_amount"], shown["payment_method"], shown["standing"]) == (
        "20.500000",
        method,
        "attempt_open",
    )

    off = terminal.do("auto-recharge", "off", organization)
    assert (off["enabled"], off["recharge_amount"], off["standing"]) == (False, "100.000000", "off")
    (attempt,) = terminal.do("top-ups", organization)["items"]
    assert (attempt["kind"], attempt["state"]) == ("auto_recharge", "cancelled")


def test_a_rule_to_a_target_says_what_comes_next_and_its_attempts_what_became_of_them(terminal: Terminal) -> None:
    organization = terminal.open_organization()
    method, backup = terminal.add_card(organization), terminal.add_card(organization)
    terms = ("--mode", "to_target", "--target-amount", "60", "--trigger-amount", "20", "--expiry-ahead-days", "7")
    methods = ("--payment-method", method, "--backup-payment-method", backup)
    saved = terminal.do("auto-recharge", "set", organization, *terms, *methods)
    assert (saved["mode"], saved["target_amount"], saved["backup_payment_method"]) == ("to_target", "60.000000", backup)
    assert (saved["next_step"]["kind"], saved["next_step"]["amount"]) == ("charge", "60.000000")

    shown = terminal.type("auto-recharge", "show", organization).output
    assert "to target" in shown
    assert "a recharge now" in shown

    off = terminal.do("auto-recharge", "off", organization)
    assert (off["enabled"], off["mode"], off["expiry_ahead_days"]) == (False, "to_target", 7)
    (attempt,) = terminal.do("auto-recharge", "attempts", organization)["items"]
    assert (attempt["outcome"], attempt["amount"]) == ("switched_off", "60.000000")
    assert "switched off" in terminal.type("auto-recharge", "attempts", organization).output


def test_balance_alerts_are_set_and_shown(terminal: Terminal) -> None:
    organization = terminal.open_organization()
    assert "only when nothing is left" in terminal.type("balance-alerts", "show", organization).output
    saved = terminal.do("balance-alerts", "set", organization, "--amount", "10", "--amount", "25.50")
    assert saved == {"amounts": ["25.500000", "10.000000"], "currency": "EUR"}
    assert "25.50 EUR, 10.00 EUR" in terminal.type("balance-alerts", "show", organization).output


def test_a_declined_card_adds_nothing_and_ends_with_status_1(terminal: Terminal) -> None:
    organization = terminal.open_organization()
    method = terminal.add_card(organization, "sim_decline_expired_card")

    said = terminal.type("funds", "add", organization, "50", "--payment-method", method)

    assert said.status == 1
    assert "declined" in said.complaint
    assert "expired_card" in said.complaint
    assert terminal.do("balance", organization)["posted"] == "0.000000"


def test_a_payment_under_way_ends_with_status_5(terminal: Terminal) -> None:
    organization = terminal.open_organization()
    method = terminal.add_card(organization, "sim_authenticate")

    said = terminal.type("funds", "add", organization, "50", "--payment-method", method)

    assert said.status == 5
    assert "approve at" in said.output
    assert "not settled yet" in said.complaint


def test_a_command_id_makes_a_command_safe_to_repeat(terminal: Terminal) -> None:
    organization = terminal.open_organization()
    method = terminal.add_card(organization)
    words = ("funds", "add", organization, "50", "--payment-method", method, "--command-id", "first")

    assert terminal.do(*words)["top_up_id"] == terminal.do(*words)["top_up_id"]
    other = terminal.type("funds", "add", organization, "51", "--payment-method", method, "--command-id", "first")

    assert (other.status, "[conflict" in other.complaint) == (1, True)
    assert terminal.do("balance", organization)["posted"] == "50.000000"


def test_a_long_list_says_how_the_rest_is_had(terminal: Terminal) -> None:
    names = [terminal.open_organization(name) and name for name in ("A", "B", "C")]

    first = terminal.do("organizations", "list", "--limit", "2")
    rest = terminal.do("organizations", "list", "--limit", "2", "--cursor", first["next_cursor"])

    assert [each["name"] for each in (*first["items"], *rest["items"])] == names
    assert rest["next_cursor"] is None
    assert f"--cursor {first['next_cursor']}" in terminal.type("organizations", "list", "--limit", "2").complaint


def test_payment_methods_and_rate_decks_are_listed(terminal: Terminal) -> None:
    organization = terminal.open_organization()
    method = terminal.add_card(organization)
    deck = terminal.do("rates", "import", terminal.file(DECK), "--name", "Standard", "--currency", "EUR")

    (listed,) = terminal.do("payment-methods", "list", organization)["items"]
    assert (listed["payment_method"], listed["gateway"], listed["last4"]) == (method, "simulator", "0001")
    again = terminal.do("payment-methods", "add", organization, "--reference", listed["reference"])
    assert again["payment_method"] == method
    assert terminal.do("rates", "list")["items"] == [deck]
    assert deck["rate_deck_id"] in terminal.type("rates", "list").output
    assert "sim_authenticate" in terminal.type("gateway", "test-cards").output


def test_an_unknown_organization_is_refused_by_every_command_that_names_one(terminal: Terminal) -> None:
    money = ("--recharge-amount", "100", "--trigger-amount", "20", "--payment-method", NOBODY)
    commands = (
        ("balance", NOBODY),
        ("lots", NOBODY),
        ("top-ups", NOBODY),
        ("journal", NOBODY),
        ("calls", "list", NOBODY),
        ("numbers", "list", NOBODY),
        ("numbers", "add", NOBODY, "+40212345678"),
        ("payment-methods", "list", NOBODY),
        ("payment-methods", "add", NOBODY, "--reference", "pm_1"),
        ("funds", "add", NOBODY, "50", "--payment-method", NOBODY),
        ("funds", "promote", NOBODY, "5", "--expires-at", "2030-01-01", "--reason", "test"),
        ("auto-recharge", "set", NOBODY, *money),
        ("auto-recharge", "show", NOBODY),
        ("auto-recharge", "off", NOBODY),
        ("auto-recharge", "attempts", NOBODY),
        ("balance-alerts", "set", NOBODY, "--amount", "1"),
        ("balance-alerts", "show", NOBODY),
        ("organizations", "assign-rate-deck", NOBODY, NOBODY),
        ("gateway", "add-test-card", NOBODY, "sim_ok"),
    )
    for command in commands:
        said = terminal.type(*command)
        assert (said.status, "[unknown_organization" in said.complaint) == (1, True), (command, said)
        assert said.output == ""


def test_the_schema_is_brought_up_to_date_once(empty_database_url: str, terminal: Terminal) -> None:
    fresh = Terminal(empty_database_url, terminal.directory)

    assert fresh.do("migrate")["applied"][0].startswith("0001_")
    assert fresh.do("migrate") == {"applied": []}
    assert "up to date" in fresh.type("migrate").output
