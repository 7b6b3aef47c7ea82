"""What is read out of packets: numbers as access servers write them, who asks, and the words of refusals."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from commcredits.core.outcomes import RefusalCode
from commcredits.edges.radius.attributes import Attribute, Code
from commcredits.edges.radius.clients import Client, Clients
from commcredits.edges.radius.packets import Packet, read_packet, write_access_request
from commcredits.edges.radius.reading import acct_session_id_of, name_of_switch, new_session_id, read_number
from commcredits.edges.radius.refusals import REFUSALS, is_trouble
from commcredits.edges.radius.tokens import Token, read_token, write_token
from commcredits.operations.charging import SESSION_ID, SWITCH
from commcredits.settings.radius import RadiusClient, RadiusSettings

ORGANIZATION = "019353b4-7c1e-7000-8000-0123456789ab"


def _chosen(name: object = "gateway", **changed: object) -> RadiusClient:
    return RadiusClient.model_validate({"name": name, "secret": "a-secret-of-the-tests", **changed})


def _client(**changed: object) -> Client:
    client = Clients(RadiusSettings(clients={"192.0.2.7": _chosen(**changed)})).find("192.0.2.7")
    assert client is not None
    return client


def _packet(*attributes: tuple[int, bytes], authenticator: bytes = bytes(16)) -> Packet:
    return read_packet(write_access_request(Code.ACCESS_REQUEST, 1, authenticator, attributes, b"x"))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("+40722000001", "+40722000001"),
        ("40722000001", "+40722000001"),
        ("0040722000001", "+40722000001"),
        ("0722 000-001", "+40722000001"),
        ("sip:+40722000001@sip.example.com;user=phone", "+40722000001"),
        ("tel:+40722000001;cpc=ordinary", "+40722000001"),
        ("112", "112"),
        ("000", "000"),
        ("anonymous", "anonymous"),
        ("", ""),
    ],
)
def test_a_number_is_read_as_access_servers_write_it(written: str, read: str) -> None:
    assert read_number(_client(country_code="40"), written) == read


def test_without_a_country_code_a_national_number_is_taken_for_an_international_one() -> None:
    assert read_number(_client(), "0722000001") == "+0722000001"
    assert read_number(_client(country_code="1", national_prefix=""), "2025550100") == "+12025550100"


@given(st.text(max_size=80))
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert isinstance(read_number(_client(country_code="40"), text), str)


@given(st.binary(max_size=253), st.binary(min_size=16, max_size=16))
def test_any_id_of_an_access_server_makes_a_fit_session_id(own_id: bytes, authenticator: bytes) -> None:
    packet = _packet((int(Attribute.ACCT_SESSION_ID), own_id), authenticator=authenticator)
    assert SESSION_ID.fullmatch(new_session_id(_client(), packet))


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60))
def test_an_own_id_is_found_again_in_the_session_id(own_id: str) -> None:
    packet = _packet((int(Attribute.ACCT_SESSION_ID), own_id.encode()))
    assert acct_session_id_of(new_session_id(_client(), packet)) == own_id


def test_an_own_id_that_did_not_fit_is_not_guessed() -> None:
    packet = _packet((int(Attribute.ACCT_SESSION_ID), b"x" * 200))
    assert acct_session_id_of(new_session_id(_client(), packet)) == ""


@given(st.binary(max_size=253), st.binary(max_size=20), st.sampled_from(["192.0.2.7", "2001:db8::7"]))
def test_any_access_server_makes_a_fit_name_of_a_switch(name: bytes, address: bytes, host: str) -> None:
    packet = _packet((int(Attribute.NAS_IDENTIFIER), name), (int(Attribute.NAS_IPV6_ADDRESS), address))
    for client in (_client(), _client(proxy=True)):
        assert SWITCH.fullmatch(client.switch(host, name_of_switch(packet) or "unnamed"))


def test_an_access_server_is_named_by_itself_or_by_its_address() -> None:
    identifier, four, six = Attribute.NAS_IDENTIFIER, Attribute.NAS_IP_ADDRESS, Attribute.NAS_IPV6_ADDRESS
    address = ipaddress.ip_address("2001:db8::7").packed
    assert name_of_switch(_packet((int(identifier), b"one"), (int(four), bytes((192, 0, 2, 7))))) == "one"
    assert name_of_switch(_packet((int(four), bytes((192, 0, 2, 7))))) == "192.0.2.7"
    assert name_of_switch(_packet((int(six), address))) == "2001:db8::7"
    assert name_of_switch(_packet((int(six), b"short"))) == ""


def test_the_narrowest_network_is_meant() -> None:
    chosen = {"192.0.2.0/24": _chosen("wide"), "192.0.2.7": _chosen("one"), "2001:db8::/64": _chosen("six")}
    clients = Clients(RadiusSettings(clients=chosen))
    found = {host: clients.find(host) for host in ("192.0.2.7", "192.0.2.8", "::ffff:192.0.2.7", "2001:db8::1", "::1")}
    assert {host: client and client.name for host, client in found.items()} == {
        "192.0.2.7": "one",
        "192.0.2.8": "wide",
        "::ffff:192.0.2.7": "one",
        "2001:db8::1": "six",
        "::1": None,
    }


def test_a_switch_is_found_by_its_name_in_the_books() -> None:
    chosen = {"192.0.2.0/24": _chosen("wide"), "198.51.100.1": _chosen("one")}
    clients = Clients(RadiusSettings(clients=chosen))
    names = ("radius:one", "radius:wide__192.0.2.9", "radius:gone")
    found = [clients.of_switch(name) for name in names]
    assert [client and client.name for client in found] == ["one", "wide", None]


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=128), st.booleans())
def test_a_class_says_whose_call_it_is(session_id: str, emergency: bool) -> None:  # noqa: FBT001 # drawn, not passed
    token = Token(organization_id=ORGANIZATION, session_id=session_id, emergency=emergency)
    written = write_token(_client(), token)
    assert len(written) <= 253
    assert (
        read_token(_client(), _packet((int(Attribute.CLASS), b"of another"), (int(Attribute.CLASS), written))) == token
    )


@given(st.binary(max_size=253))
def test_any_class_is_read_without_an_error(value: bytes) -> None:
    for forged in (value, b"cc1c" + value[:249]):
        assert read_token(_client(), _packet((int(Attribute.CLASS), forged))) is None


def test_a_class_is_not_believed_from_another_client_or_changed() -> None:
    written = write_token(_client(), Token(organization_id=ORGANIZATION, session_id="gateway~1~2"))
    assert read_token(_client(name="other"), _packet((int(Attribute.CLASS), written))) is None
    changed = written[:-1] + bytes((written[-1] ^ 1,))
    assert read_token(_client(), _packet((int(Attribute.CLASS), changed))) is None


@pytest.mark.parametrize("code", list(RefusalCode))
def test_every_refusal_has_words_or_is_trouble_of_ours(code: RefusalCode) -> None:
    assert is_trouble(code) == (code in {RefusalCode.BUSY, RefusalCode.INTERNAL_ERROR})
    assert is_trouble(code) or REFUSALS[code].endswith(".")
    assert len(REFUSALS[code].encode()) <= 253


def test_the_table_of_refusals_holds_nothing_but_the_codes_each_in_other_words() -> None:
    assert set(REFUSALS) == set(RefusalCode)
    words = [text for code, text in REFUSALS.items() if not is_trouble(code)]
    assert len(set(words)) == len(words)


def test_a_secret_is_not_shown() -> None:
    assert "a-secret-of-the-tests" not in repr(_client())
    assert SecretStr("a-secret-of-the-tests") == _chosen().secret


@pytest.mark.parametrize(
    ("clients", "problem"),
    [
        ({}, "at least 1"),
        ({"gateway.example.com": _chosen()}, "no address or network"),
        ({"192.0.2.7": _chosen(), "192.0.2.8": _chosen()}, "two clients"),
    ],
)
def test_wrong_settings_are_refused(clients: dict[str, RadiusClient], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        RadiusSettings(clients=clients)


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValidationError, match="16"):
        _chosen(secret="short")
