"""Hostile bodies: each gets a clear 4xx that names the field, and nothing reaches the submitter."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commcredits.core.call_types import agree
from commcredits.core.commands import Authorise, CallType, End, Service, Start, Update
from commcredits.edges.http.charging.fields import FIELD_RULES
from commcredits.edges.http.charging.reading import CommandReader
from commcredits.edges.http.problems import Problem
from tests.edges.http.charging.harness import (
    AUTHORISE,
    BODIES,
    END,
    ORGANIZATION,
    START,
    UPDATE,
    Numbers,
    request,
    serving,
)


def changed(body: dict[str, Any], **fields: Any) -> bytes:
    return json.dumps({**body, **fields}).encode()


def without(body: dict[str, Any], name: str) -> bytes:
    return json.dumps({key: value for key, value in body.items() if key != name}).encode()


def literally(body: dict[str, Any], name: str, text: str) -> bytes:
    """The body with this JSON text as the value of one field."""
    rest = json.dumps({key: value for key, value in body.items() if key != name})
    return f'{{"{name}": {text}, {rest[1:]}'.encode()


def again(body: dict[str, Any], name: str, value: object) -> bytes:
    """The body with one field given once more."""
    return (json.dumps(body)[:-1] + f', "{name}": {json.dumps(value)}}}').encode()


HOSTILE: list[tuple[str, str, bytes]] = [
    ("authorise", "session_id", without(AUTHORISE, "session_id")),
    ("authorise", "session_id", changed(AUTHORISE, session_id="")),
    ("authorise", "session_id", changed(AUTHORISE, session_id="x" * 129)),
    ("authorise", "session_id", changed(AUTHORISE, session_id="two words")),
    ("authorise", "session_id", changed(AUTHORISE, session_id="line\nbreak")),
    ("authorise", "session_id", changed(AUTHORISE, session_id="a\n")),
    ("authorise", "session_id", changed(AUTHORISE, session_id="nul\x00")),
    ("authorise", "session_id", changed(AUTHORISE, session_id="apel-ș")),
    ("authorise", "session_id", changed(AUTHORISE, session_id="e\u0301")),
    ("authorise", "session_id", changed(AUTHORISE, session_id="\u202egnirts")),
    ("authorise", "session_id", changed(AUTHORISE, session_id=7)),
    ("authorise", "session_id", changed(AUTHORISE, session_id=None)),
    ("authorise", "session_id", changed(AUTHORISE, session_id=["call-1"])),
    ("authorise", "caller", without(AUTHORISE, "caller")),
    ("authorise", "caller", changed(AUTHORISE, caller="0212345678")),
    ("authorise", "caller", changed(AUTHORISE, caller="40212345678")),
    ("authorise", "caller", changed(AUTHORISE, caller="+0212345678")),
    ("authorise", "caller", changed(AUTHORISE, caller="+4021 234 56")),
    ("authorise", "caller", changed(AUTHORISE, caller="+1234567890123456")),
    ("authorise", "caller", changed(AUTHORISE, caller="+٤٠٢١٢٣٤٥٦٧٨")),
    ("authorise", "caller", changed(AUTHORISE, caller="+40212345678\n")),
    ("authorise", "caller", changed(AUTHORISE, caller="+40212345678'; drop table calls; --")),
    ("authorise", "callee", changed(AUTHORISE, callee="sip:bob@example.test")),
    ("authorise", "callee", changed(AUTHORISE, callee="+")),
    ("authorise", "callee", changed(AUTHORISE, callee=True)),
    ("authorise", "callee", changed(AUTHORISE, callee={"number": "+4930123456"})),
    ("authorise", "organization_id", changed(AUTHORISE, organization_id="")),
    ("authorise", "organization_id", changed(AUTHORISE, organization_id=None)),
    ("authorise", "organization_id", changed(AUTHORISE, organization_id=ORGANIZATION.upper())),
    ("authorise", "organization_id", changed(AUTHORISE, organization_id=ORGANIZATION.replace("-", ""))),
    ("authorise", "organization_id", changed(AUTHORISE, organization_id="{" + ORGANIZATION + "}")),
    ("authorise", "organization_id", changed(AUTHORISE, organization_id="../../etc/passwd")),
    ("authorise", "service", changed(AUTHORISE, service="premium")),
    ("authorise", "service", changed(AUTHORISE, service="OUTBOUND")),
    ("authorise", "service", changed(AUTHORISE, service=None)),
    ("authorise", "slice_seconds", changed(AUTHORISE, slice_seconds=0)),
    ("authorise", "slice_seconds", changed(AUTHORISE, slice_seconds=-300)),
    ("authorise", "slice_seconds", changed(AUTHORISE, slice_seconds=14_401)),
    ("authorise", "slice_seconds", changed(AUTHORISE, slice_seconds="300")),
    ("authorise", "slice_seconds", changed(AUTHORISE, slice_seconds=True)),
    ("authorise", "slice_seconds", literally(AUTHORISE, "slice_seconds", "300.0")),
    ("authorise", "slice_seconds", literally(AUTHORISE, "slice_seconds", "3e2")),
    ("authorise", "slice_seconds", literally(AUTHORISE, "slice_seconds", "1e999")),
    ("authorise", "slice_seconds", literally(AUTHORISE, "slice_seconds", "9" * 5_000)),
    ("authorise", "slice_seconds", literally(AUTHORISE, "slice_seconds", "null")),
    ("authorise", "answered", changed(AUTHORISE, answered="yes")),
    ("authorise", "answered", changed(AUTHORISE, answered=1)),
    ("authorise", "call_type", changed(AUTHORISE, call_type="")),
    ("authorise", "call_type", changed(AUTHORISE, call_type="premium_out")),
    ("authorise", "call_type", changed(AUTHORISE, call_type="USER_OUT")),
    ("authorise", "call_type", changed(AUTHORISE, call_type=" user_out")),
    ("authorise", "call_type", changed(AUTHORISE, call_type=None)),
    ("authorise", "call_type", changed(AUTHORISE, call_type=2)),
    ("authorise", "call_type", changed(AUTHORISE, call_type=["user_out"])),
    ("authorise", "call_type", again(AUTHORISE | {"call_type": "user_out"}, "call_type", "user_out")),
    ("authorise", "call_type", again(AUTHORISE | {"call_type": "dr_out"}, "call_type", "user_out")),
    ("authorise", "service", changed(AUTHORISE, call_type="conf_in")),
    ("authorise", "service", changed(AUTHORISE, call_type="user_out", service="toll_free_in")),
    ("authorise", "service", changed(AUTHORISE, call_type="user_out_conf", service="conference_dial_out")),
    ("authorise", "service", changed(AUTHORISE, call_type="conf_out", service="outbound")),
    ("authorise", "service", changed(AUTHORISE, call_type="user_in", service="")),
    ("authorise", "user", changed(AUTHORISE, user="")),
    ("authorise", "user", changed(AUTHORISE, user="x" * 321)),
    ("authorise", "user", changed(AUTHORISE, user="front.desk@example.com\n")),
    ("authorise", "user", changed(AUTHORISE, user="front\tdesk")),
    ("authorise", "user", changed(AUTHORISE, user="nul\x00")),
    ("authorise", "user", changed(AUTHORISE, user="bell\x07")),
    ("authorise", "user", changed(AUTHORISE, user="delete\x7f")),
    ("authorise", "user", changed(AUTHORISE, user="next\x85line")),
    ("authorise", "user", changed(AUTHORISE, user="line\u2028separator")),
    ("authorise", "user", changed(AUTHORISE, user="\u202egnirts")),
    ("authorise", "user", changed(AUTHORISE, user=None)),
    ("authorise", "user", changed(AUTHORISE, user=7)),
    ("authorise", "user", changed(AUTHORISE, user=["front.desk@example.com"])),
    ("authorise", "user", changed(AUTHORISE, user={"id": "front.desk@example.com"})),
    ("authorise", "user", again(AUTHORISE | {"user": "sales.1@example.com"}, "user", "front.desk@example.com")),
    ("authorise", "user", json.dumps(AUTHORISE | {"user": "a"}).encode()[:-1] + b', "\\u0075ser": "b"}'),
    ("authorise", "conference_id", changed(AUTHORISE, conference_id="")),
    ("authorise", "conference_id", changed(AUTHORISE, conference_id="x" * 65)),
    ("authorise", "conference_id", changed(AUTHORISE, conference_id="two words")),
    ("authorise", "conference_id", changed(AUTHORISE, conference_id="conf-4711\n")),
    ("authorise", "switch", changed(AUTHORISE, switch="")),
    ("authorise", "switch", changed(AUTHORISE, switch="kamailio")),
    ("authorise", "switch", changed(AUTHORISE, switch="kamailio:edge 1")),
    ("authorise", "switch", changed(AUTHORISE, switch=7)),
    ("authorise", "conference_id", changed(AUTHORISE, conference_id="conferința")),
    ("authorise", "conference_id", changed(AUTHORISE, conference_id=4711)),
    ("authorise", "conference_id", changed(AUTHORISE, conference_id=None)),
    ("authorise", "conference_id", again(AUTHORISE | {"conference_id": "1"}, "conference_id", "2")),
    ("authorise", "price", changed(AUTHORISE, price="0.00")),
    ("authorise", "__proto__", changed(AUTHORISE, __proto__={"final": True})),
    ("authorise", "command", changed(AUTHORISE, command="authorise")),
    ("authorise", "caller", again(AUTHORISE, "caller", "+40212345679")),
    ("authorise", "caller", again(AUTHORISE, "caller", AUTHORISE["caller"])),
    ("authorise", "answered", again(AUTHORISE | {"answered": True}, "answered", value=False)),
    ("authorise", "caller", json.dumps(AUTHORISE).encode()[:-1] + b', "\\u0063aller": "+40212345679"}'),
    ("authorise", "body", b"[]"),
    ("authorise", "body", b'"authorise"'),
    ("authorise", "body", b"null"),
    ("authorise", "body", b"7"),
    ("start", "organization_id", without(START, "organization_id")),
    ("start", "session_id", without(START, "session_id")),
    ("start", "used_seconds", changed(START, used_seconds=1)),
    ("start", "user", changed(START, user="front.desk@example.com")),
    ("update", "call_type", changed(UPDATE, call_type="user_out")),
    ("end", "conference_id", changed(END, conference_id="conf-4711")),
    ("start", "session_id", again(START, "session_id", "call-2")),
    ("update", "request_number", without(UPDATE, "request_number")),
    ("update", "request_number", changed(UPDATE, request_number=0)),
    ("update", "request_number", changed(UPDATE, request_number=2**31)),
    ("update", "request_number", changed(UPDATE, request_number=2**64)),
    ("update", "used_seconds", changed(UPDATE, used_seconds=-1)),
    ("update", "used_seconds", changed(UPDATE, used_seconds=315_360_001)),
    ("update", "used_seconds", changed(UPDATE, used_seconds="300")),
    ("update", "used_seconds", again(UPDATE, "used_seconds", 1)),
    ("update", "slice_seconds", changed(UPDATE, slice_seconds=14_401)),
    ("end", "used_seconds", without(END, "used_seconds")),
    ("end", "used_seconds", literally(END, "used_seconds", "-9223372036854775809")),
    ("end", "cause", changed(END, cause="x" * 65)),
    ("end", "cause", changed(END, cause="bell\x07")),
    ("end", "cause", changed(END, cause=16)),
]


@pytest.mark.parametrize(("command", "field", "body"), HOSTILE)
async def test_a_wrong_field_is_named_with_its_value_and_what_is_allowed(command: str, field: str, body: bytes) -> None:
    async with serving() as house, await house.connect() as client:
        response = await client.ask(request(command, body))
        after = await client.ask(request("start", START))
    assert response.status == 422
    assert response.document["code"] == "invalid_input"
    assert [error["field"] for error in response.document["errors"]] == [field]
    for error in response.document["errors"]:
        assert error["allowed"]
        assert error["field"] in error["message"]
        assert len(error["value"]) <= 65
        assert error["value"].isprintable()
    assert after.status == 200
    assert len(house.desk.commands) == 1


MALFORMED: list[bytes] = [
    b"",
    b"{",
    b"}",
    b"hello",
    b"{'session_id': 'call-1'}",
    json.dumps(AUTHORISE).encode() + b"x",
    json.dumps(AUTHORISE).encode() * 2,
    json.dumps(AUTHORISE).encode()[:-1],
    json.dumps(AUTHORISE).encode()[:-1] + b",}",
    b"\xef\xbb\xbf" + json.dumps(AUTHORISE).encode(),
    json.dumps(AUTHORISE).encode("utf-16"),
    literally(AUTHORISE, "slice_seconds", "NaN"),
    literally(AUTHORISE, "slice_seconds", "Infinity"),
    literally(AUTHORISE, "slice_seconds", "-Infinity"),
    literally(AUTHORISE, "slice_seconds", "0300"),
    literally(AUTHORISE, "slice_seconds", "+300"),
    literally(AUTHORISE, "session_id", '"\\ud800"'),
    literally(AUTHORISE, "session_id", '"\x01"'),
    b'{"session_id": "\xff"}',
    b'{"session_id": "\xed\xa0\x80"}',
    b"[" * 16_000,
    b'{"a":' * 3_000,
    b"[" * 8_000 + b"]" * 8_000,
    b'{"session_id": ' + b"[" * 7_000 + b"]" * 7_000 + b"}",
]


@pytest.mark.parametrize("body", MALFORMED)
async def test_what_is_not_json_is_a_malformed_body(body: bytes) -> None:
    async with serving() as house, await house.connect() as client:
        response = await client.ask(request("authorise", body))
        assert (response.status, response.document["code"]) == (400, "malformed_json")
        assert (await client.ask(request("start", START))).status == 200
    assert len(house.desk.commands) == 1


async def test_every_wrong_field_is_named_at_once() -> None:
    body = {"session_id": "", "caller": 1, "slice_seconds": 0, "colour": "red"}
    async with serving() as house, await house.connect() as client:
        response = await client.ask(request("authorise", body))
    named = [error["field"] for error in response.document["errors"]]
    assert named == ["session_id", "caller", "callee", "slice_seconds", "colour"]


async def test_a_body_of_thousands_of_wrong_fields_gets_an_answer_of_bounded_size() -> None:
    body = {f"field{number}": number for number in range(900)}
    async with serving() as house, await house.connect() as client:
        response = await client.ask(request("start", body))
    assert response.status == 422
    assert len(response.document["errors"]) == 20


ANY_VALUE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([0, 1, 300, 14_400, 14_401, 2**31 - 1, 2**31, 315_360_000, 315_360_001]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=140),
    st.sampled_from(["+40212345678", "+4930123456", "112", "outbound", "toll_free_in", ORGANIZATION, 'a"b', "\\"]),
    st.sampled_from(["toll_in", "conference_dial_out", "user_out", "conf_in", "conf_out", "front.desk@example.com"]),
    st.lists(st.integers(), max_size=2),
)


@st.composite
def bodies(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A right body of one command with a few fields changed, added or gone."""
    command = draw(st.sampled_from(sorted(BODIES)))
    names = [*FIELD_RULES[command], "other", "command"]
    body = dict(BODIES[command]) | draw(st.dictionaries(st.sampled_from(names), ANY_VALUE, max_size=3))
    for name in draw(st.lists(st.sampled_from(sorted(body)), max_size=1)):
        del body[name]
    return command, body


@given(bodies())
def test_the_fast_reader_takes_exactly_what_the_table_of_fields_takes(case: tuple[str, dict[str, Any]]) -> None:
    command, body = case
    rules = FIELD_RULES[command]
    right = (
        all(name in body or not rule.required for name, rule in rules.items())
        and all(name in rules for name in body)
        and all(rules[name].accepts(value) for name, value in body.items() if name in rules)
    )
    if right and "call_type" in body and "service" in body:
        right = agree(CallType(body["call_type"]), Service(body["service"]))
    reader = CommandReader(Numbers(), [])
    read = {
        "authorise": reader.read_authorise,
        "start": reader.read_start,
        "update": reader.read_update,
        "end": reader.read_end,
    }
    reading = read[command](json.dumps(body).encode())
    if right:
        assert isinstance(reading, Authorise | Start | Update | End) or reading.document["code"] == "unknown_number"  # type: ignore[union-attr] # an emergency has no document, and fails here as it should
    else:
        assert isinstance(reading, Problem)
        assert reading.status == 422
        named = {error["field"] for error in reading.document["errors"]}
        assert named <= {*rules, *body}
