"""A file of any switch becomes records by a small document; a document that says nothing sensible is refused."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from commcredits.core.commands import CallType, RecordCall, Service
from commcredits.core.outcomes import Refused
from commcredits.operations.call_fields import RecordReader
from commcredits.operations.call_mappings import (
    SHIPPED,
    CallMapping,
    read_mapping,
    shipped_mapping,
)
from commcredits.operations.csv_lines import LineError
from commcredits.operations.recorded_calls_csv import CallFileReader, RecordLine
from tests.operations.call_files import file_of, line, mapping_of

ORGANIZATION = "0192e0c8-0000-7000-8000-000000000001"
EXPORT_HEADER = (
    "UsageId,Call ID,Conference ID,User Location,ObjectId,UPN,User Display Name,Caller ID,Call Type,Call Direction,"
    "Number Type,Domestic/International,Destination Dialed,Destination Number,External Country,Start Time,End Time,"
    "Duration Seconds,Connection Fee,Charge,Currency,Capability,Operator,Source of Call Duration,Administrative Units"
)
EXPORT_LINE = (
    '1f6c7f4e-2a5f-4c1d-9f3e-0a1b2c3d4e5f,call-1,,BE,8a1f7c1e-93a4-4d1c-a8f1-2b9e7c1d0a55,ana@example.com,"Ana, X",'
    "+3225550100,user_out,Outbound,,International,+44207946****,+44207946****,United Kingdom,2026-11-20T09:00:00Z,"
    "2026-11-20T09:01:00Z,60,0.1,0.9,EUR,MCOPSTNPP,Example,,"
)
ASTERISK_LINE = (
    '"ana","0722000001","00442079460000","from-internal","""Ana"" <0722000001>","SIP/1-01","SIP/2-02","Dial",'
    '"SIP/2/442079460000,60","2026-11-20 09:00:00","2026-11-20 09:00:05","2026-11-20 09:01:05",65,60,"ANSWERED",'
    '"DOCUMENTATION","1763629200.1",""'
)


def found_in(content: bytes, mapping: CallMapping, size: int = 1 << 20, **options: Any) -> CallFileReader:
    """What a reader has found in a file that came in pieces of this size."""
    reader = CallFileReader(
        mapping, lambda header: RecordReader(mapping, header, organization_id=ORGANIZATION, **options)
    )
    for start in range(0, len(content), size):
        reader.take(content[start : start + size])
    reader.finish()
    return reader


def record_in(content: bytes, mapping: CallMapping, **options: Any) -> RecordCall:
    """The one record of a file in which nothing is wrong."""
    reader = found_in(content, mapping, **options)
    assert reader.refused is None, reader.refused
    (only,) = reader.found
    assert isinstance(only, RecordLine), only
    return only.record


def document(**members: Any) -> bytes:
    """A document that is right but for these members; None leaves one out."""
    fields = {
        "record_id": "id",
        "service": {"value": "outbound"},
        "caller": "from",
        "callee": "to",
        "started_at": "began",
        "duration_seconds": "lasted",
    }
    whole = {"name": "switch", "fields": fields, **members}
    return json.dumps({name: value for name, value in whole.items() if value is not None}).encode()


def switch_file(*rows: str) -> bytes:
    return "\n".join(("id,from,to,began,lasted,status,direction,day", *rows, "")).encode()


def read_by(row: str, **members: Any) -> RecordCall:
    """The record in this line of a file of such a switch."""
    return record_in(switch_file(row), mapping_of(document(**members)))


ROW = "r-1,+40722000001,+442079460000,2026-11-20T09:00:00Z,60,,,"


def test_the_shipped_mappings_are_found_by_name() -> None:
    assert [shipped_mapping(name).name for name in SHIPPED] == list(SHIPPED)
    assert all(shipped_mapping(name).description for name in SHIPPED)
    with pytest.raises(KeyError):
        shipped_mapping("nobody")


def test_the_export_is_read_with_its_masked_numbers_and_without_its_charges() -> None:
    record = record_in(f"{EXPORT_HEADER}\n{EXPORT_LINE}\n".encode(), shipped_mapping("pstn_export"))

    assert record == RecordCall(
        organization_id=ORGANIZATION,
        record_id="1f6c7f4e-2a5f-4c1d-9f3e-0a1b2c3d4e5f",
        service=Service.OUTBOUND,
        caller="+3225550100",
        callee="+442079460000",
        started_at=datetime(2026, 11, 20, 9, tzinfo=UTC),
        duration_seconds=60,
        call_type=CallType.USER_OUT,
        user="ana@example.com",
    )


@pytest.mark.parametrize(
    ("call_type", "callee", "service"),
    [
        ("conf_out", "+442079460000", Service.CONFERENCE_DIAL_OUT),
        ("conf_in", "+40212345678", Service.TOLL_IN),
        ("ucap_in", "+40800800800", Service.TOLL_FREE_IN),
        ("emergency_out", "112", Service.EMERGENCY),
        ("dr_out", "+442079460000", Service.OUTBOUND),
    ],
)
def test_the_call_type_of_an_export_says_the_service(call_type: str, callee: str, service: Service) -> None:
    changed = EXPORT_LINE.replace("user_out", call_type).replace("+44207946****", callee)
    record = record_in(f"{EXPORT_HEADER}\n{changed}\n".encode(), shipped_mapping("pstn_export"))
    assert (record.service, record.callee) == (service, callee)


def test_an_object_id_stands_for_a_user_without_a_name() -> None:
    changed = EXPORT_LINE.replace("ana@example.com", "")
    record = record_in(f"{EXPORT_HEADER}\n{changed}\n".encode(), shipped_mapping("pstn_export"))
    assert record.user == "8a1f7c1e-93a4-4d1c-a8f1-2b9e7c1d0a55"


def test_a_withheld_caller_is_no_caller() -> None:
    changed = EXPORT_LINE.replace("+3225550100", "anonymous")
    assert record_in(f"{EXPORT_HEADER}\n{changed}\n".encode(), shipped_mapping("pstn_export")).caller == ""


@pytest.mark.parametrize("header", ["", ",".join(shipped_mapping("asterisk_csv").header[:18]) + "\n"])
def test_asterisk_writes_records_with_and_without_a_header(header: str) -> None:
    unanswered = ASTERISK_LINE.replace("ANSWERED", "NO ANSWER")
    content = f"{header}{ASTERISK_LINE}\n{unanswered}\n".encode()

    reader = found_in(content, shipped_mapping("asterisk_csv"), time_zone="Europe/Bucharest")

    assert reader.skipped == 1
    (only,) = reader.found
    assert isinstance(only, RecordLine), only
    assert only.record == RecordCall(
        organization_id=ORGANIZATION,
        record_id="1763629200.1",
        service=Service.OUTBOUND,
        caller="",
        callee="+442079460000",
        started_at=datetime(2026, 11, 20, 7, 0, 5, tzinfo=UTC),
        duration_seconds=60,
        user="ana",
    )


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_a_file_reads_the_same_in_pieces_of_any_size(size: int) -> None:
    content = file_of(line("r-1"), line("r-2", duration_seconds="-1"), line("r-3"))
    reader = found_in(content.replace(b"\n", b"\r\n"), shipped_mapping("commcredits"), size)
    assert [type(each) for each in reader.found] == [RecordLine, LineError, RecordLine]
    assert [each.line for each in reader.found] == [2, 3, 4]


def test_a_line_without_end_is_passed_over_and_never_held() -> None:
    mapping = shipped_mapping("commcredits")
    reader = CallFileReader(mapping, lambda header: RecordReader(mapping, header, organization_id=ORGANIZATION))
    reader.take(file_of(line("r-1")))
    for _piece in range(1_000):
        reader.take(b"x" * 65_536)
        assert len(reader._rest) <= 65_536  # noqa: SLF001 - what must not grow is what it keeps
    reader.take(b"\n" + line("r-2").encode() + b"\n")
    reader.finish()

    first, long, last = reader.found
    assert isinstance(first, RecordLine)
    assert isinstance(long, LineError)
    assert (long.line, long.column) == (3, "")
    assert isinstance(last, RecordLine)
    assert last.line == 4


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n",
        b"record_id,callee\nr-1,+442079460000\n",
        b"record_id,callee,started_at,duration_seconds,duration\n",
        b"record_id,record_id,callee,started_at,duration_seconds\n",
        b'"record_id\n',
        b"\xff\xfe\x00\n",
        b"x" * 200_000,
        b"\x00" * 100,
    ],
)
def test_a_file_without_a_header_that_means_anything_is_refused(content: bytes) -> None:
    reader = found_in(content, shipped_mapping("commcredits"))
    assert reader.refused is not None
    assert reader.found == []


@pytest.mark.parametrize(
    "wrong",
    [
        b"\xff\xfe,\n",
        b'r-1,outbound,"unclosed\n',
        b'r-1,"out"bound,,,,,,\n',
        b"r-1,outbound\n",
        b"a,b,c,d,e,f,g,h,i,j\n",
        b"x" * 70_000 + b"\n",
    ],
)
def test_a_line_that_is_none_is_told_and_the_next_is_read(wrong: bytes) -> None:
    content = file_of(line("r-1")) + wrong + line("r-2").encode()
    first, error, last = found_in(content, shipped_mapping("commcredits")).found
    assert isinstance(first, RecordLine)
    assert isinstance(error, LineError)
    assert (error.line, error.column) == (3, "")
    assert isinstance(last, RecordLine)


@pytest.mark.parametrize(
    ("written", "form", "number"),
    [
        ("+44 20 7946-0000", {}, "+442079460000"),
        ("(0044) 20.7946.0000", {"international_prefix": "00"}, "+442079460000"),
        ("021 234 5678", {"trunk_prefix": "0", "country_code": "40"}, "+40212345678"),
        ("212345678", {"plain": "national", "country_code": "40"}, "+40212345678"),
        ("442079460000", {"plain": "international"}, "+442079460000"),
        ("0044207946", {"international_prefix": "00", "trunk_prefix": "0", "country_code": "40"}, "+44207946"),
        ("+44207946xxxx", {"mask": "#"}, None),
        ("+44207946####", {"mask": "#"}, "+442079460000"),
        ("+442#79460000", {"mask": "#"}, None),
        ("442079460000", {}, None),
        ("sip:ana@example.com", {"plain": "international"}, None),
        ("٤٤٢٠٧٩٤٦٠٠٠٠", {"plain": "international"}, None),
    ],
)
def test_numbers_are_read_as_the_mapping_says(written: str, form: dict[str, str], number: str | None) -> None:
    mapping = mapping_of(document(numbers=form))
    (found,) = found_in(switch_file(ROW.replace("+442079460000", written)), mapping).found
    if number is None:
        assert isinstance(found, LineError)
        assert found.column == "to"
    else:
        assert isinstance(found, RecordLine)
        assert found.record.callee == number


@pytest.mark.parametrize(
    ("written", "form", "instant"),
    [
        ("2026-11-20T11:00:00+02:00", {}, datetime(2026, 11, 20, 9, tzinfo=UTC)),
        ("1763629200", {"format": "unix"}, datetime(2025, 11, 20, 9, tzinfo=UTC)),
        ("1763629200500", {"format": "unix_milliseconds"}, datetime(2025, 11, 20, 9, microsecond=500_000, tzinfo=UTC)),
        (
            "20.11.2026 11:00:00",
            {"format": "%d.%m.%Y %H:%M:%S", "zone": "Europe/Bucharest"},
            datetime(2026, 11, 20, 9, tzinfo=UTC),
        ),
        (
            "2026-11-20 11:00:00 +0200",
            {"format": "%Y-%m-%d %H:%M:%S %z", "zone": "America/New_York"},
            datetime(2026, 11, 20, 9, tzinfo=UTC),
        ),
        # Clocks go back at 04:00: half past three comes twice, and the first is meant.
        (
            "2026-10-25 03:30:00",
            {"format": "%Y-%m-%d %H:%M:%S", "zone": "Europe/Bucharest"},
            datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        ),
        ("20.11.2026", {"format": "%d.%m.%Y %H:%M:%S"}, None),
        ("-1", {"format": "unix"}, None),
        ("9" * 15, {"format": "unix"}, None),
        ("0", {"format": "unix"}, None),
    ],
)
def test_instants_are_read_as_the_mapping_says(written: str, form: dict[str, str], instant: datetime | None) -> None:
    mapping = mapping_of(document(time=form))
    (found,) = found_in(switch_file(ROW.replace("2026-11-20T09:00:00Z", written)), mapping).found
    if instant is None:
        assert isinstance(found, LineError)
        assert found.column == "began"
    else:
        assert isinstance(found, RecordLine)
        assert found.record.started_at == instant


@pytest.mark.parametrize(
    ("written", "unit", "seconds"),
    [
        ("60", "seconds", 60),
        ("59.0001", "seconds", 60),
        ("60.000", "seconds", 60),
        ("59001", "milliseconds", 60),
        ("60000", "milliseconds", 60),
        ("1.5", "minutes", 90),
        ("0.016666667", "minutes", 2),
        ("01:02:03", "clock", 3723),
        ("1:60:00", "clock", None),
        ("720:00:01", "clock", None),
        ("-60", "seconds", None),
        ("60s", "seconds", None),
        ("43201", "minutes", None),
    ],
)
def test_durations_are_counted_in_started_seconds(written: str, unit: str, seconds: int | None) -> None:
    mapping = mapping_of(document(duration={"unit": unit}))
    (found,) = found_in(switch_file(ROW.replace(",60,", f",{written},")), mapping).found
    if seconds is None:
        assert isinstance(found, LineError)
        assert found.column == "lasted"
    else:
        assert isinstance(found, RecordLine)
        assert found.record.duration_seconds == seconds


def test_words_are_translated_columns_joined_and_lines_left_out() -> None:
    fields = {
        "record_id": {"columns": ["id", "day"], "join": "-"},
        "service": {"columns": ["direction"], "values": {"in": "toll_in", "out": "outbound"}},
        "callee": ["missing", "to"],
        "started_at": "began",
        "duration_seconds": "lasted",
    }
    members = {"fields": fields, "optional_columns": ["missing"], "skip": {"status": ["BUSY", ""]}}

    record = read_by("r-1,+40722000001,+40212345678,2026-11-20T09:00:00Z,60,OK,in,7", **members)
    assert (record.record_id, record.service, record.callee) == ("r-1-7", Service.TOLL_IN, "+40212345678")

    reader = found_in(switch_file(ROW, ROW.replace(",60,", ",60,BUSY")), mapping_of(document(**members)))
    assert (reader.found, reader.skipped) == ([], 2)


def test_another_delimiter_may_stand_between_fields() -> None:
    content = switch_file(ROW).replace(b",", b";")
    assert record_in(content, mapping_of(document(delimiter=";"))).record_id == "r-1"


@pytest.mark.parametrize(
    ("members", "place"),
    [
        ({"name": "Switch"}, "mapping.name"),
        ({"name": None}, "mapping"),
        ({"surprise": 1}, "mapping"),
        ({"delimiter": ""}, "mapping.delimiter"),
        ({"delimiter": '"'}, "mapping.delimiter"),
        ({"delimiter": "é"}, "mapping.delimiter"),
        ({"fields": {}}, "mapping.fields.record_id"),
        ({"fields": {"charge": "x"}}, "mapping.fields"),
        ({"header": ["id"]}, "mapping.fields"),
        ({"header": ["id", "from", "to", "began", "lasted", "lasted"]}, "mapping.header"),
        ({"time": {"zone": "Europe/Nowhere"}}, "mapping.time.zone"),
        ({"time": {"zone": "../../etc/passwd"}}, "mapping.time.zone"),
        ({"time": {"format": "%Y-%m-%d"}}, "mapping.time.format"),
        ({"time": {"format": "%H:%M:%S"}}, "mapping.time.format"),
        ({"time": {"format": "%"}}, "mapping.time.format"),
        ({"time": {"format": "%Y" * 100}}, "mapping.time.format"),
        ({"duration": {"unit": "hours"}}, "mapping"),
        ({"numbers": {"country_code": "x"}}, "mapping.numbers.country_code"),
        ({"numbers": {"trunk_prefix": "0"}}, "mapping.numbers.country_code"),
        ({"numbers": {"mask": "0"}}, "mapping.numbers.mask"),
        ({"skip": {"a\nb": ["x"]}}, "mapping.fields"),
    ],
)
def test_a_mapping_that_says_nothing_sensible_is_refused(members: dict[str, Any], place: str) -> None:
    refused = read_mapping(document(**members))
    assert isinstance(refused, Refused), refused
    assert refused.facts["field"] == place
    assert refused.facts["allowed"]


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b"[" * 100_000, b" " * 70_000, b'{"name": "x"}'])
def test_bytes_that_are_no_mapping_are_refused(content: bytes) -> None:
    assert isinstance(read_mapping(content), Refused)
