"""What comes over the wire is cut into objects and read: usage, numbers, events of three generations."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commcredits.edges.switches.cgrates.events import as_number, asks_for, read_event
from commcredits.edges.switches.cgrates.framing import ObjectStream, StreamFaultError
from commcredits.edges.switches.cgrates.messages import MalformedError, Reply, Request, read_message
from commcredits.edges.switches.cgrates.replies import Form, max_usage
from commcredits.edges.switches.cgrates.usage import USAGE_SECONDS_MAX, read_usage

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.text(), VALUES, max_size=5)


def stream() -> ObjectStream:
    """A stream with the limits of a listener."""
    return ObjectStream(bytes_max=65_536, depth_max=32)


@given(st.lists(OBJECTS, max_size=5), st.sampled_from(["", " ", "\r\n"]), st.lists(st.integers(1, 40), max_size=40))
def test_objects_are_found_however_the_bytes_arrive(values: list[Any], between: str, cuts: list[int]) -> None:
    data = between.join(json.dumps(value, ensure_ascii=False) for value in values).encode("utf-8", "surrogatepass")
    reader, found = stream(), []
    for size in [*cuts, len(data) or 1]:
        found += reader.feed(data[:size])
        data = data[size:]
    assert found == [json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass") for value in values]
    assert not reader.is_partial


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_no_bytes_are_too_strange(chunks: list[bytes]) -> None:
    reader = stream()
    try:
        for chunk in chunks:
            for raw in reader.feed(chunk):
                read_message(raw)
    except (StreamFaultError, MalformedError):
        return


@pytest.mark.parametrize("data", [b"[1]", b"x", b'{"a":1}}', b'{"a":]', b"{" * 33, b'{"a":"' + b"x" * 70_000])
def test_what_is_no_stream_of_objects_is_a_fault(data: bytes) -> None:
    with pytest.raises(StreamFaultError):
        stream().feed(data)


@pytest.mark.parametrize("raw", [b"{a}", b'{"id":{}}', b'{"id":true,"method":"x"}', b'{"id":1}', b'{"\xff":1}'])
def test_what_is_no_message_is_malformed(raw: bytes) -> None:
    with pytest.raises(MalformedError):
        read_message(raw)


def test_a_message_asks_or_answers() -> None:
    asked = read_message(b'{"method":"CoreSv1.Ping","params":[{}],"id":7}')
    assert asked == Request(id=7, method="CoreSv1.Ping", params={}, is_second=False)
    second = read_message(b'{"jsonrpc":"2.0","method":"CoreSv1.Ping","params":{"a":1},"id":"x"}')
    assert second == Request(id="x", method="CoreSv1.Ping", params={"a": 1}, is_second=True)
    assert read_message(b'{"id":3,"result":"OK","error":null}') == Reply(id=3, result="OK", error="")
    assert read_message(b'{"id":3,"result":null,"error":"no"}') == Reply(id=3, result=None, error="no")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("10s", 10),
        ("1m30s", 90),
        ("1h0m0.5s", 3_601),
        ("0s", 0),
        ("250ms", 1),
        ("10000000000", 10),
        (10_000_000_000, 10),
        (6e10, 60),
        (1, 1),
        ("-1s", None),
        (-1, None),
        ("10", 1),
        ("10 s", None),
        ("s", None),
        ("", None),
        ("١s", None),
        (True, None),
        (None, None),
        ([], None),
        (1e300, None),
        (USAGE_SECONDS_MAX * 10**9 + 1, None),
        ("9" * 63 + "s", None),
    ],
)
def test_usage_is_read_as_go_writes_it(value: object, seconds: int | None) -> None:
    assert read_usage(value) == seconds


@given(VALUES)
def test_no_usage_is_too_strange(value: object) -> None:
    seconds = read_usage(value)
    assert seconds is None or 0 <= seconds <= USAGE_SECONDS_MAX


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("40212300001", "+40212300001"),
        ("0040212300001", "+40212300001"),
        ("+40212300001", "+40212300001"),
        ("0212300001", "0212300001"),
        ("112", "112"),
        ("911911", "911911"),
        ("alice", "alice"),
        ("4" * 16, "4" * 16),
    ],
)
def test_a_number_is_written_with_its_plus_sign(text: str, number: str) -> None:
    assert as_number(text) == number


EVENT = {"OriginID": "call-1", "Account": "40212300001", "Destination": "442079460000", "Usage": "10s"}


@pytest.mark.parametrize(
    "params",
    [EVENT, {"GetMaxUsage": True, "Event": EVENT}, {"CGREvent": {"Tenant": "x", "ID": "1", "Event": EVENT}}],
)
def test_an_event_is_found_where_each_version_puts_it(params: dict[str, Any]) -> None:
    event = read_event(params)
    assert (event.origin_id, event.caller, event.destination) == ("call-1", "+40212300001", "+442079460000")
    assert (event.usage_seconds, event.wrong_field, event.dialog) == (10, "", None)


def test_an_account_that_is_a_name_leaves_the_number_to_the_subject() -> None:
    event = read_event({"Account": "front.desk@example.com", "Subject": "40212300001", "Destination": "112"})
    assert (event.user, event.caller, event.destination) == ("front.desk@example.com", "+40212300001", "112")


@given(OBJECTS, st.dictionaries(st.sampled_from(["OriginID", "Usage", "DialogID", "Event", "CGREvent"]), VALUES))
def test_no_event_is_too_strange(params: dict[str, Any], named: dict[str, Any]) -> None:
    event = read_event({**params, **named})
    assert len(event.origin_id) <= 256
    assert event.missing("OriginID", "Account", "Destination") is not None
    assert isinstance(asks_for({**params, **named}, "GetMaxUsage"), bool)


def test_a_client_that_wants_other_parts_alone_is_not_charged() -> None:
    assert not asks_for({"GetAttributes": True, "Event": EVENT}, "GetMaxUsage")
    assert asks_for({"GetAttributes": True, "GetMaxUsage": True}, "GetMaxUsage")
    assert asks_for({"Event": EVENT}, "InitSession")
    assert asks_for({"Event": EVENT, "GetAttributes": True, "APIOpts": {"*sesInitiate": True}}, "InitSession")


def test_usage_is_answered_in_the_form_of_each_method() -> None:
    assert max_usage(Form.OBJECT, 60) == {"MaxUsage": 60_000_000_000}
    assert json.dumps(max_usage(Form.DIGEST, 60)) == '{"MaxUsage": 60.0}'
    assert max_usage(Form.PLAIN, 60) == 60
