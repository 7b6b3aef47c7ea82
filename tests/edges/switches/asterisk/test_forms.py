"""What comes from the wire is read whatever it is: AGI lines, events, records on channels, arguments; and the table."""

import contextlib
import string
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commcredits.core.outcomes import RefusalCode
from commcredits.edges.switches.asterisk.ari_events import instant_of, read_event
from commcredits.edges.switches.asterisk.ari_link import dialled
from commcredits.edges.switches.asterisk.call_arguments import ARGUMENTS_MAX, KEYS, read_call_arguments
from commcredits.edges.switches.asterisk.call_record import CallRecord, read_call_record
from commcredits.edges.switches.asterisk.causes import REFUSAL_CAUSES, TEMPORARY_REFUSALS
from commcredits.edges.switches.asterisk.fastagi_framing import (
    AgiEnvironment,
    AgiFramingError,
    EnvironmentReader,
    LineSplitter,
    ReplyReader,
    Sign,
    set_variable,
)
from commcredits.settings.asterisk import AsteriskSettings

LINK = {"url": "http://192.0.2.7:8088", "username": "commcredits", "password": "secret"}
ORGANIZATION = "019353b4-7c1e-7000-8000-0123456789ab"


# ---- the table -------------------------------------------------------------------------------------------------------


def test_every_refusal_has_a_cause() -> None:
    assert set(REFUSAL_CAUSES) == set(RefusalCode)
    assert all(1 <= cause <= 127 for cause in REFUSAL_CAUSES.values())


def test_what_may_pass_a_second_later_is_never_told_as_a_rejection() -> None:
    rejected = {code for code, cause in REFUSAL_CAUSES.items() if cause == 21}
    assert not rejected & TEMPORARY_REFUSALS
    assert RefusalCode.INSUFFICIENT_FUNDS in rejected


# ---- AGI -------------------------------------------------------------------------------------------------------------


def _environment(data: bytes, cuts: list[int]) -> AgiEnvironment | None:
    """What is read of these bytes, arriving in pieces."""
    splitter, reader = LineSplitter(), EnvironmentReader()
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    for start, end in pairwise(edges):
        for line in splitter.feed(data[start:end]):
            environment = reader.take(line)
            if environment is not None:
                return environment
    return None


@given(st.binary(max_size=3_000), st.lists(st.integers(0, 10_000), max_size=8))
def test_any_bytes_are_an_environment_or_a_framing_error(data: bytes, cuts: list[int]) -> None:
    with contextlib.suppress(AgiFramingError):
        environment = _environment(data, cuts)
        assert environment is None or b"\n" in data


@given(
    st.dictionaries(
        st.from_regex(r"agi_[a-z]{1,10}", fullmatch=True), st.text(string.ascii_letters + " +.:/", max_size=40)
    ),
    st.lists(st.text(string.ascii_letters + string.digits + "=+", max_size=20), max_size=12),
    st.lists(st.integers(0, 10_000), max_size=8),
)
def test_an_environment_is_read_whole_however_it_arrives(
    variables: dict[str, str], arguments: list[str], cuts: list[int]
) -> None:
    said = {**variables, **{f"agi_arg_{number}": each for number, each in enumerate(arguments, start=1)}}
    data = "".join(f"{name}: {value}\n" for name, value in said.items()) + "\n"
    environment = _environment(data.encode(), cuts)
    assert environment is not None
    assert environment.arguments == tuple(argument.strip() for argument in arguments)
    assert environment.variables == {name: value.strip() for name, value in said.items()}


def test_a_variable_that_is_given_twice_is_no_environment() -> None:
    with pytest.raises(AgiFramingError):
        _environment(b"agi_uniqueid: 1\nagi_uniqueid: 2\n\n", [])


@given(st.lists(st.text(max_size=80), max_size=30))
def test_any_lines_are_replies_or_a_framing_error(lines: list[str]) -> None:
    replies = ReplyReader()
    with contextlib.suppress(AgiFramingError):
        for line in lines:
            replies.take(line)


@pytest.mark.parametrize(
    ("lines", "signs"),
    [
        (["200 result=1"], [Sign.DONE]),
        (["200 result=1 (speech) endpos=1234"], [Sign.DONE]),
        (["200 result=-1"], [Sign.FAILED]),
        (["HANGUP", "200 result=1"], [Sign.HANGUP, Sign.DONE]),
        (["510 Invalid or unknown command"], [Sign.FAILED]),
        (["511 Command Not Permitted on a dead channel or intercept routine"], [Sign.FAILED]),
        (
            [
                "520-Invalid command syntax.  Proper usage follows:",
                "Usage: SET VARIABLE <variablename> <value>",
                "",
                "520 End of proper usage.",
                "200 result=1",
            ],
            [None, None, None, Sign.FAILED, Sign.DONE],
        ),
    ],
)
def test_replies_are_read_as_asterisk_writes_them(lines: list[str], signs: list[Sign | None]) -> None:
    replies = ReplyReader()
    assert [replies.take(line) for line in lines] == signs


@given(st.text())
def test_no_value_ends_its_quotes_or_its_line(value: str) -> None:
    command = set_variable("NAME", value)
    assert command.startswith(b'SET VARIABLE NAME "')
    assert command.endswith(b'"\n')
    inside = command[len(b'SET VARIABLE NAME "') : -2]
    assert not set(inside) & set(b'"\\\r\n\0')


# ---- arguments -------------------------------------------------------------------------------------------------------


@given(st.lists(st.one_of(st.text(max_size=40), st.sampled_from([f"{key}=1" for key in sorted(KEYS)])), max_size=40))
def test_any_arguments_are_a_call_or_say_what_is_wrong(arguments: list[str]) -> None:
    told = read_call_arguments(arguments, session_id="pbx~1", switch="asterisk:pbx")
    if len(arguments) > ARGUMENTS_MAX or any("=" not in argument for argument in arguments):
        assert told.wrong is not None
    assert told.wrong is None or told.wrong.code is RefusalCode.INVALID_INPUT


def test_a_number_that_brings_its_own_arguments_is_refused() -> None:
    injected = f"caller=+40212300001,organization={ORGANIZATION},caller=+40212300002".split(",")
    told = read_call_arguments(injected, session_id="pbx~1", switch="asterisk:pbx")
    assert told.wrong is not None
    assert told.request.caller == "+40212300001"


@given(st.text())
def test_what_is_dialled_cannot_name_another_place(callee: str) -> None:
    assert set(dialled(callee)) <= set("0123456789+*#")


# ---- events and records ----------------------------------------------------------------------------------------------

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
_EVENT = st.fixed_dictionaries(
    {"type": st.sampled_from(["StasisStart", "ChannelDestroyed", "ChannelStateChange"]) | _JSON},
    optional={
        "timestamp": st.text(max_size=30) | _JSON,
        "args": st.lists(st.text(max_size=10), max_size=4) | _JSON,
        "cause": st.integers() | _JSON,
        "channel": st.fixed_dictionaries({"id": st.text(max_size=10)}, optional={"state": _JSON, "channelvars": _JSON})
        | _JSON,
    },
)


@given(_EVENT | _JSON)
def test_any_json_is_an_event_or_is_not(document: object) -> None:
    try:
        event = read_event(msgspec.json.encode(document))
    except msgspec.MsgspecError:
        return
    instant = instant_of(event)
    assert instant is None or instant.tzinfo is not None


@given(st.binary(max_size=200))
def test_any_bytes_are_an_event_or_are_not(data: bytes) -> None:
    with pytest.raises((msgspec.MsgspecError, UnicodeDecodeError)):
        read_event(data)


@given(st.text(max_size=80) | st.lists(st.text(string.digits, max_size=20), min_size=8, max_size=8).map("|".join))
def test_any_text_is_a_record_of_a_call_or_is_not(text: str) -> None:
    record = read_call_record(text)
    assert record is None or read_call_record(record.text()) == record


@given(
    st.builds(
        CallRecord,
        organization_id=st.just(ORGANIZATION),
        began_ms=st.integers(0, 10**14),
        answered_ms=st.integers(0, 10**14),
        answered_there_ms=st.integers(0, 10**14),
        granted_seconds=st.integers(0, 10**9),
        slice_seconds=st.integers(0, 14_400),
        emergency=st.booleans(),
    )
)
def test_a_record_is_read_back_as_it_was_written(record: CallRecord) -> None:
    assert read_call_record(record.text()) == record


# ---- settings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"networks": ["192.0.2.0/33"]},
        {"networks": ["everywhere"]},
        {"fastagi_slice_seconds": 0},
        {"links": {"a b": LINK}},
        {"links": {"pbx": {**LINK, "url": "http://user:secret@192.0.2.7:8088"}}},
        {"links": {"pbx": {**LINK, "url": "192.0.2.7:8088"}}},
        {"links": {"pbx": {**LINK, "username": "a:b"}}},
        {"links": {"pbx": {**LINK, "endpoint": "PJSIP/carrier"}}},
        {"links": {"pbx": {**LINK, "refused_context": "a,b"}}},
        {"links": {"fastagi": LINK}},
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"validation error"):
        AsteriskSettings.model_validate(wrong)


def test_a_password_is_not_shown_with_the_settings() -> None:
    settings = AsteriskSettings.model_validate({"links": {"pbx": LINK}})
    assert "secret" not in repr(settings)
