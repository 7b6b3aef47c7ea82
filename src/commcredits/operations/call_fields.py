"""One call record from the texts of one line, by a mapping; or what is wrong with it, by column.

Knows what each field may be. Refuses to know files (commcredits.operations.recorded_calls_csv) and what becomes of a
record.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from commcredits.core import call_types
from commcredits.core.calendar import parse_instant, zone_of
from commcredits.core.commands import CallType, RecordCall, Service
from commcredits.core.money import divide_up
from commcredits.core.numbers import DialledKind, classify, is_e164
from commcredits.core.rating import CALL_SECONDS_MAX
from commcredits.operations.call_mappings import (
    CallMapping,
    DurationForm,
    DurationUnit,
    FieldSource,
    InstantForm,
    NumberForm,
    PlainNumber,
    TimeForm,
    UnreadableCaller,
)
from commcredits.operations.inputs import UNSHOWABLE

RECORD_ID_CHARACTERS_MAX: Final = 128
"""Longest id of a record: it becomes the call's session id."""

CONFERENCE_ID_CHARACTERS_MAX: Final = 64
USER_CHARACTERS_MAX: Final = 320

EARLIEST: Final = datetime(2001, 1, 1, tzinfo=UTC)
"""No record is older; lists of calls begin here."""

T = TypeVar("T")

_VISIBLE_ASCII: Final = re.compile(r"[!-~]+", re.ASCII)
_SHORT_NUMBER: Final = re.compile(r"[0-9]{2,6}", re.ASCII)
_WHOLE: Final = re.compile(r"[0-9]{1,15}", re.ASCII)
_DECIMAL: Final = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,9})?", re.ASCII)
_CLOCK: Final = re.compile(r"([0-9]{1,4}):([0-5][0-9]):([0-5][0-9])", re.ASCII)
_NOISE: Final = str.maketrans("", "", " .-/()\u00a0")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


_ALLOWED: Final[Mapping[str, str]] = {
    "record_id": f"1 to {RECORD_ID_CHARACTERS_MAX} visible ASCII characters without spaces",
    "service": f"{', '.join(Service)}; or empty where a call type is given",
    "call_type": f"{', '.join(CallType)}; or empty where a service is given",
    "caller": "a number in international form: a plus sign and 5 to 15 digits; or empty where it is not known",
    "callee": "a number in international form: a plus sign and 5 to 15 digits; a short one for emergency calls",
    "started_at": f"an instant from {EARLIEST.year} on that can be read as the mapping says",
    "duration_seconds": f"a duration from 0 to {CALL_SECONDS_MAX} seconds that can be read as the mapping says",
    "user": f"0 to {USER_CHARACTERS_MAX} characters on one line",
    "conference_id": f"0 to {CONFERENCE_ID_CHARACTERS_MAX} visible ASCII characters without spaces",
}
"""What may stand in each field, for people."""


class WrongFieldError(ValueError):
    """One field of a line cannot be read. ``column`` is where the file has it, as far as it does."""

    def __init__(self, column: str, value: str, allowed: str) -> None:
        super().__init__(column)
        self.column = column
        self.value = value
        self.allowed = allowed


class RecordReader:
    """Reads the lines of files with one header by one mapping, for one organization.

    ``time_zone`` takes the place of the mapping's. ``ignore_users`` leaves out whose calls they were, so that the
    organization's own numbers say it.
    """

    def __init__(
        self,
        mapping: CallMapping,
        header: Sequence[str],
        *,
        organization_id: str,
        time_zone: str | None = None,
        ignore_users: bool = False,
    ) -> None:
        places = {column: place for place, column in enumerate(header)}
        self._mapping = mapping
        self._organization_id = organization_id
        self._texts = {
            name: _texts_of(mapping.source_of(name), places)
            for name in mapping.fields
            if not (ignore_users and name == "user")
        }
        self._skip = [(places[column], frozenset(texts)) for column, texts in mapping.skip.items() if column in places]
        self._number = number_reader(mapping.numbers)
        self._instant = instant_reader(mapping.time, time_zone)
        self._seconds = seconds_reader(mapping.duration)

    def is_skipped(self, fields: Sequence[str]) -> bool:
        """Whether the mapping leaves this line out."""
        return any(place < len(fields) and fields[place] in texts for place, texts in self._skip)

    def read(self, fields: Sequence[str]) -> RecordCall:
        """The record in these fields. Raises WrongFieldError for the first that is wrong."""
        call_type = self._read("call_type", fields, lambda text: CallType(text) if text else None)
        service = self._read("service", fields, lambda text: Service(text) if text else None)
        if call_type is None and service is None:
            raise self._wrong("service" if "service" in self._texts else "call_type", fields)
        emergency = service is Service.EMERGENCY or call_type is CallType.EMERGENCY_OUT
        callee = self._read("callee", fields, self._emergency_number if emergency else self._called_number)
        return RecordCall(
            organization_id=self._organization_id,
            record_id=self._read("record_id", fields, _record_id),
            service=service or service_of(call_type, callee),
            caller=self._read("caller", fields, self._caller),
            callee=callee,
            started_at=self._read("started_at", fields, self._instant),
            duration_seconds=self._read("duration_seconds", fields, self._seconds),
            call_type=call_type,
            user=self._read("user", fields, _user),
            conference_id=self._read("conference_id", fields, _conference_id),
        )

    def _read(self, name: str, fields: Sequence[str], read: Callable[[str], T]) -> T:
        try:
            return read(self._text(name, fields))
        except ValueError:
            raise self._wrong(name, fields) from None

    def _wrong(self, name: str, fields: Sequence[str]) -> WrongFieldError:
        return WrongFieldError(self._mapping.column_of(name), self._text(name, fields), _ALLOWED[name])

    def _text(self, name: str, fields: Sequence[str]) -> str:
        texts = self._texts.get(name)
        return "" if texts is None else texts(fields)

    def _called_number(self, text: str) -> str:
        number = self._number(text)
        if not is_e164(number):
            raise ValueError(text)
        return number

    def _emergency_number(self, text: str) -> str:
        return text if _SHORT_NUMBER.fullmatch(text) else self._called_number(text)

    def _caller(self, text: str) -> str:
        number = self._number(text) if text else ""
        if not number or is_e164(number):
            return number
        if self._mapping.numbers.unreadable_caller is UnreadableCaller.EMPTY:
            return ""
        raise ValueError(text)


def service_of(call_type: CallType | None, callee: str) -> Service:
    """The service of a record that says its call type alone."""
    service = Service.OUTBOUND if call_type is None else call_types.service_of(call_type)
    is_toll_free = service is Service.TOLL_IN and classify(callee).kind is DialledKind.TOLL_FREE
    return Service.TOLL_FREE_IN if is_toll_free else service


def number_reader(form: NumberForm) -> Callable[[str], str]:
    """What turns a number as a file writes it into international form; text that is no number comes back as it is."""

    def read(text: str) -> str:
        digits = text.translate(_NOISE)
        if form.mask:
            digits = _unmasked(digits, form.mask)
        if digits.startswith("+"):
            return digits
        if not digits.isdecimal() or not digits.isascii():
            return text
        if form.international_prefix and digits.startswith(form.international_prefix):
            return "+" + digits.removeprefix(form.international_prefix)
        if form.trunk_prefix and digits.startswith(form.trunk_prefix):
            return f"+{form.country_code}{digits.removeprefix(form.trunk_prefix)}"
        if form.plain is PlainNumber.INTERNATIONAL:
            return "+" + digits
        return f"+{form.country_code}{digits}" if form.plain is PlainNumber.NATIONAL else text

    return read


def instant_reader(form: TimeForm, time_zone: str | None = None) -> Callable[[str], datetime]:
    """What reads an instant; it raises ValueError for text of another form, and for an instant that is too early."""
    zone = zone_of(time_zone or form.zone)

    def local(text: str) -> datetime:
        read = datetime.strptime(text, form.format)  # noqa: DTZ007 - the zone of the file is told in the next line
        return read.replace(tzinfo=zone) if read.tzinfo is None else read

    def unix(text: str) -> datetime:
        if not _WHOLE.fullmatch(text):
            raise ValueError(text)
        return _EPOCH + timedelta(seconds=int(text))

    def unix_milliseconds(text: str) -> datetime:
        if not _WHOLE.fullmatch(text):
            raise ValueError(text)
        return _EPOCH + timedelta(milliseconds=int(text))

    readers: Mapping[str, Callable[[str], datetime]] = {
        InstantForm.RFC_3339: parse_instant,
        InstantForm.UNIX: unix,
        InstantForm.UNIX_MILLISECONDS: unix_milliseconds,
    }
    read_form = readers.get(form.format, local)

    def read(text: str) -> datetime:
        try:
            instant = read_form(text).astimezone(UTC)
        except OverflowError:
            raise ValueError(text) from None
        if instant < EARLIEST:
            raise ValueError(text)
        return instant

    return read


def seconds_reader(form: DurationForm) -> Callable[[str], int]:
    """What reads a duration in started seconds; it raises ValueError for other text, and for more than thirty days."""

    def read(text: str) -> int:
        if form.unit is DurationUnit.CLOCK:
            clock = _CLOCK.fullmatch(text)
            if clock is None:
                raise ValueError(text)
            hours, minutes, seconds = map(int, clock.groups())
            counted = hours * 3_600 + minutes * 60 + seconds
        else:
            if not _DECIMAL.fullmatch(text):
                raise ValueError(text)
            counted = _started_seconds(text, form.unit)
        if counted > CALL_SECONDS_MAX:
            raise ValueError(text)
        return counted

    return read


def _started_seconds(text: str, unit: DurationUnit) -> int:
    """A decimal of some unit as seconds, rounded up; in whole numbers, so that nothing is lost."""
    whole, _, fraction = text.partition(".")
    numerator, denominator = int(whole + fraction), 10 ** len(fraction)
    if unit is DurationUnit.MINUTES:
        numerator *= 60
    elif unit is DurationUnit.MILLISECONDS:
        denominator *= 1_000
    return divide_up(numerator, denominator)


def _unmasked(digits: str, mask: str) -> str:
    """The number with each hidden last digit as 0; hidden digits anywhere else stay, and are no number."""
    shown = digits.rstrip(mask)
    return shown + "0" * (len(digits) - len(shown))


def _texts_of(source: FieldSource, places: Mapping[str, int]) -> Callable[[Sequence[str]], str]:
    """What finds a field's text in a line."""
    if source.value is not None:
        said = source.value
        return lambda _fields: said
    found = [places[column] for column in source.columns if column in places]
    translated = source.values.get
    join = source.join

    def texts(fields: Sequence[str]) -> str:
        given = [fields[place].strip() for place in found if place < len(fields)]
        text = join.join(given) if join is not None else next((each for each in given if each), "")
        return translated(text, text)

    return texts


def _record_id(text: str) -> str:
    if not _VISIBLE_ASCII.fullmatch(text) or len(text) > RECORD_ID_CHARACTERS_MAX:
        raise ValueError(text)
    return text


def _conference_id(text: str) -> str:
    if text and (not _VISIBLE_ASCII.fullmatch(text) or len(text) > CONFERENCE_ID_CHARACTERS_MAX):
        raise ValueError(text)
    return text


def _user(text: str) -> str:
    if len(text) > USER_CHARACTERS_MAX or UNSHOWABLE.search(text):
        raise ValueError(text)
    return text
