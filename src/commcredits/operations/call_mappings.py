"""Mappings: which column of a file of call records is which field of ours, and how its texts are read.

Knows the small JSON document that says so, and the mappings that come with the product. Refuses to know files and
records (commcredits.operations.call_fields reads a line by a mapping).

    {"name": "my_switch", "fields": {"record_id": "id", "callee": ["dialled", "transferred_to"],
      "service": {"columns": ["direction"], "values": {"out": "outbound", "in": "toll_in"}}, …},
     "numbers": {"international_prefix": "00", "trunk_prefix": "0", "country_code": "40"},
     "time": {"format": "%d.%m.%Y %H:%M:%S", "zone": "Europe/Bucharest"}, "duration": {"unit": "milliseconds"},
     "skip": {"status": ["BUSY"]}, "delimiter": ";"}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec
from msgspec import Struct, field

from commcredits.core.calendar import is_time_zone
from commcredits.core.outcomes import Refused
from commcredits.operations.inputs import UNSHOWABLE, invalid_input

MAPPING_BYTES_MAX: Final = 64 * 1024
"""Largest document of a mapping."""

FIELDS: Final = (
    "record_id",
    "service",
    "call_type",
    "caller",
    "callee",
    "started_at",
    "duration_seconds",
    "user",
    "conference_id",
)
"""The fields of a call record, which a mapping names."""

REQUIRED_FIELDS: Final = ("record_id", "callee", "started_at", "duration_seconds")

SHIPPED: Final = ("commcredits", "pstn_export", "asterisk_csv")
"""The mappings that come with the product; the first is our own form."""

_NAME: Final = re.compile(r"[a-z0-9_-]{1,64}", re.ASCII)
_DIGITS: Final = re.compile(r"[0-9]{0,6}", re.ASCII)
_COLUMN_CHARACTERS_MAX: Final = 200
_FORMAT_CHARACTERS_MAX: Final = 64
_SAMPLE: Final = datetime(2026, 11, 22, 13, 14, 15, tzinfo=UTC)


class PlainNumber(StrEnum):
    """What a number is that begins neither with a plus sign nor with a known prefix."""

    REFUSED = "refused"
    INTERNATIONAL = "international"
    NATIONAL = "national"


class UnreadableCaller(StrEnum):
    """What becomes of a caller that is no number, such as an extension: the record, or the caller, is left out."""

    REFUSED = "refused"
    EMPTY = "empty"


class DurationUnit(StrEnum):
    """What a duration counts. Parts of a second count as a whole one; ``clock`` is hours:minutes:seconds."""

    SECONDS = "seconds"
    MILLISECONDS = "milliseconds"
    MINUTES = "minutes"
    CLOCK = "clock"


class InstantForm(StrEnum):
    """Forms of instants that are not patterns of ``strptime``."""

    RFC_3339 = "rfc3339"
    UNIX = "unix"
    UNIX_MILLISECONDS = "unix_milliseconds"


class FieldSource(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a field comes from: the first column that is not empty, or all of them with ``join`` between.

    ``values`` translates texts, any other stays as it is. ``value`` stands for a field that no column has.
    """

    columns: tuple[str, ...] = ()
    join: str | None = None
    value: str | None = None
    values: dict[str, str] = field(default_factory=dict)


class NumberForm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How telephone numbers are written. Blanks, points, dashes, slashes and brackets never count.

    ``mask`` is the character that hides last digits; each is read as 0, for no price goes by them.
    """

    international_prefix: str = ""
    trunk_prefix: str = ""
    country_code: str = ""
    plain: PlainNumber = PlainNumber.REFUSED
    mask: str = ""
    unreadable_caller: UnreadableCaller = UnreadableCaller.REFUSED


class TimeForm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How instants are written: an ``InstantForm`` or a pattern of ``strptime``, in which zone where it says none.

    An hour that comes twice when clocks go back is taken for its first time.
    """

    format: str = InstantForm.RFC_3339.value
    zone: str = "UTC"


class DurationForm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How durations are written."""

    unit: DurationUnit = DurationUnit.SECONDS


class CallMapping(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mapping. ``fields`` are sources by field: a column, several, or a FieldSource.

    ``header`` names the columns of files that have no header row. ``optional_columns`` may be missing from a file.
    ``strict`` refuses columns that the mapping does not name. ``skip`` leaves out the lines in which a column has one
    of these texts. ``member`` is which file of a ZIP is read.
    """

    name: str
    fields: dict[str, str | tuple[str, ...] | FieldSource]
    description: str = ""
    optional_columns: tuple[str, ...] = ()
    strict: bool = False
    header: tuple[str, ...] = ()
    delimiter: str = ","
    member: str = "*.csv"
    numbers: NumberForm = NumberForm()
    time: TimeForm = TimeForm()
    duration: DurationForm = DurationForm()
    skip: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def source_of(self, name: str) -> FieldSource:
        """Where a field comes from; an empty source for one that the mapping leaves out."""
        said = self.fields.get(name, ())
        if isinstance(said, FieldSource):
            return said
        return FieldSource(columns=(said,) if isinstance(said, str) else said)

    def column_of(self, name: str) -> str:
        """Where a file has a field; the field's own name where the mapping says its value."""
        return ", ".join(self.source_of(name).columns) or name

    def columns(self) -> tuple[str, ...]:
        """Every column that the mapping looks at, each once."""
        named = [column for name in self.fields for column in self.source_of(name).columns]
        return tuple(dict.fromkeys([*named, *self.skip]))


_decode: Final = msgspec.json.Decoder(CallMapping).decode


def is_mapping_name(text: str) -> bool:
    """Whether a mapping can be called so."""
    return _NAME.fullmatch(text) is not None


def read_mapping(document: bytes) -> CallMapping | Refused:
    """The mapping in a JSON document, or the first thing that is wrong with it."""
    if len(document) > MAPPING_BYTES_MAX:
        return _refuse(f"{len(document)} bytes", f"a JSON document of at most {MAPPING_BYTES_MAX} bytes")
    try:
        mapping = _decode(document)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return _refuse(str(error), "a JSON document with the members of a mapping; see docs/recorded-calls.md")
    return _refuse_meaning(mapping) or mapping


@cache
def shipped_document(name: str) -> bytes:
    """The document of a mapping that comes with the product. KeyError for another name."""
    if name not in SHIPPED:
        raise KeyError(name)
    return files("commcredits.operations").joinpath("call_mappings", f"{name}.json").read_bytes()


@cache
def shipped_mapping(name: str) -> CallMapping:
    """A mapping that comes with the product. KeyError for another name."""
    mapping = read_mapping(shipped_document(name))
    assert isinstance(mapping, CallMapping), f"{name} is no mapping: {mapping}"
    return mapping


def _refuse_meaning(mapping: CallMapping) -> Refused | None:
    """Why a document of the right form still says nothing sensible, or None."""
    return (
        _refuse_names(mapping)
        or _refuse_fields(mapping.fields, mapping)
        or _refuse_numbers(mapping.numbers)
        or _refuse_time(mapping.time)
    )


def _refuse_names(mapping: CallMapping) -> Refused | None:
    if not is_mapping_name(mapping.name):
        return _refuse(mapping.name, "1 to 64 small letters, digits, dashes and underlines", "name")
    if len(mapping.delimiter) != 1 or mapping.delimiter in '"\r\n\x00' or not mapping.delimiter.isascii():
        return _refuse(mapping.delimiter, "one ASCII character that is no quote and no line break", "delimiter")
    for column in (*mapping.columns(), *mapping.header):
        if not column or len(column) > _COLUMN_CHARACTERS_MAX or UNSHOWABLE.search(column):
            return _refuse(column, f"names of columns of 1 to {_COLUMN_CHARACTERS_MAX} characters", "fields")
    if len(set(mapping.header)) != len(mapping.header):
        return _refuse(", ".join(mapping.header), "each column once", "header")
    missing = [column for column in mapping.columns() if mapping.header and column not in mapping.header]
    return _refuse(missing[0], "a column of the header", "fields") if missing else None


def _refuse_fields(fields: Mapping[str, object], mapping: CallMapping) -> Refused | None:
    for name in fields:
        if name not in FIELDS:
            return _refuse(name, f"the fields {', '.join(FIELDS)}", "fields")
        source = mapping.source_of(name)
        if bool(source.columns) == (source.value is not None):
            return _refuse("", "columns, or one value", f"fields.{name}")
    for name in REQUIRED_FIELDS:
        if name not in fields:
            return _refuse("", "given", f"fields.{name}")
    if "service" not in fields and "call_type" not in fields:
        return _refuse("", "given, or call_type", "fields.service")
    return None


def _refuse_numbers(form: NumberForm) -> Refused | None:
    for name in ("international_prefix", "trunk_prefix", "country_code"):
        text = getattr(form, name)
        if not _DIGITS.fullmatch(text):
            return _refuse(text, "at most 6 digits", f"numbers.{name}")
    needs_country = form.trunk_prefix or form.plain is PlainNumber.NATIONAL
    if needs_country and not form.country_code:
        return _refuse("", "given where numbers can be national", "numbers.country_code")
    if len(form.mask) > 1 or form.mask.isalnum():
        return _refuse(form.mask, "one character that is neither letter nor digit", "numbers.mask")
    return None


def _refuse_time(form: TimeForm) -> Refused | None:
    if not is_time_zone(form.zone):
        return _refuse(form.zone, "the IANA name of a time zone, such as Europe/Bucharest", "time.zone")
    if form.format in tuple(InstantForm):
        return None
    allowed = f"{', '.join(InstantForm)}, or a pattern such as %Y-%m-%d %H:%M:%S that tells date and time"
    try:
        fits = len(form.format) <= _FORMAT_CHARACTERS_MAX and _reads_back(form.format)
    except ValueError:
        fits = False
    return None if fits else _refuse(form.format, allowed, "time.format")


def _reads_back(pattern: str) -> bool:
    """Whether an instant that is written by the pattern is read again as the same, to the second."""
    read = datetime.strptime(_SAMPLE.strftime(pattern), pattern)  # noqa: DTZ007 - a pattern without offset is told its zone later
    return read.replace(tzinfo=UTC) == _SAMPLE


def _refuse(value: str, allowed: str, place: str = "") -> Refused:
    return invalid_input(f"mapping.{place}" if place else "mapping", value, allowed)
