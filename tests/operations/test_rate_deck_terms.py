"""What a deck says for all of its rates is read exactly, or refused by the name of the field that is wrong."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.tariffs import PLAIN_TERMS, DeckTerms, Rounding, RoundingMode, Window
from commcredits.operations.rate_deck_terms import TERMS_CHARACTERS_MAX, read_terms, terms_document
from tests.core.shapes import ZONES

WHOLE: dict[str, Any] = {
    "time_zone": "Europe/Bucharest",
    "holidays": ["2026-12-25", "2026-01-01"],
    "bands": {
        "peak": {"weekdays": "mon-fri", "from": "08:00", "to": "20:00"},
        "weekend": [{"weekdays": "sat,sun"}, {"holidays": True}],
    },
    "rounding": {"digits": 4, "mode": "half_up"},
}


def test_terms_are_read_as_they_were_meant() -> None:
    assert read_terms(json.dumps(WHOLE)) == DeckTerms(
        time_zone="Europe/Bucharest",
        holidays=("2026-01-01", "2026-12-25"),
        bands={
            "peak": (Window(weekdays=(0, 1, 2, 3, 4), from_minute=480, to_minute=1_200),),
            "weekend": (
                Window(weekdays=(5, 6), from_minute=0, to_minute=1_440),
                Window(weekdays=(), from_minute=0, to_minute=1_440, holidays=True),
            ),
        },
        rounding=Rounding(digits=4, mode=RoundingMode.HALF_UP),
    )


@pytest.mark.parametrize("text", ["", "  ", "{}", '{"bands": {}, "holidays": []}', '{"time_zone": "UTC"}'])
def test_a_deck_need_not_say_anything(text: str) -> None:
    assert read_terms(text) == PLAIN_TERMS


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("mon", (0,)),
        ("mon-fri", (0, 1, 2, 3, 4)),
        ("sat,sun", (5, 6)),
        ("sun,sat", (5, 6)),
        ("sat-mon", (0, 5, 6)),
        ("mon-mon", (0,)),
        ("mon-wed,fri-sun", (0, 1, 2, 4, 5, 6)),
        ("mon,tue,wed,thu,fri,sat,sun", (0, 1, 2, 3, 4, 5, 6)),
    ],
)
def test_weekdays_are_names_and_spans_of_them(text: str, days: tuple[int, ...]) -> None:
    terms = read_terms(json.dumps({"bands": {"some": {"weekdays": text}}}))
    assert isinstance(terms, DeckTerms), terms
    assert terms.bands["some"][0].weekdays == days


def _peak(**fields: object) -> dict[str, object]:
    return {"bands": {"peak": {"weekdays": "mon-fri", **fields}}}


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ([], "terms"),
        ("UTC", "terms"),
        (None, "terms"),
        ({"zone": "UTC"}, "terms"),
        ({"time_zone": "Mars"}, "time_zone"),
        ({"time_zone": ""}, "time_zone"),
        ({"time_zone": None}, "time_zone"),
        ({"time_zone": "localtime"}, "time_zone"),
        ({"time_zone": "../../etc/passwd"}, "time_zone"),
        ({"holidays": "2026-12-25"}, "holidays"),
        ({"holidays": ["2026-01-01"] * 1_001}, "holidays"),
        ({"holidays": ["2026-12-25", "2026-12-25"]}, "holidays.1"),
        ({"holidays": ["2026-02-30"]}, "holidays.0"),
        ({"holidays": ["20261225"]}, "holidays.0"),
        ({"holidays": ["2026-12-25", 20_261_226]}, "holidays.1"),
        ({"bands": []}, "bands"),
        ({"bands": {f"band-{number}": {"weekdays": "mon"} for number in range(33)}}, "bands"),
        ({"bands": {"Peak": {"weekdays": "mon"}}}, "bands"),
        ({"bands": {"a:b": {"weekdays": "mon"}}}, "bands"),
        ({"bands": {"": {"weekdays": "mon"}}}, "bands"),
        ({"bands": {"peak": []}}, "bands.peak"),
        ({"bands": {"peak": [{"weekdays": "mon"}] * 17}}, "bands.peak"),
        ({"bands": {"peak": "mon-fri"}}, "bands.peak"),
        ({"bands": {"peak": {}}}, "bands.peak.weekdays"),
        ({"bands": {"peak": {"holidays": False}}}, "bands.peak.weekdays"),
        ({"bands": {"peak": {"weekdays": "mon", "until": "20:00"}}}, "bands.peak"),
        ({"bands": {"peak": [{"weekdays": "mon"}, {"weekdays": "someday"}]}}, "bands.peak.1.weekdays"),
        (_peak(weekdays=""), "bands.peak.weekdays"),
        (_peak(weekdays="Mon"), "bands.peak.weekdays"),
        (_peak(weekdays="mon-"), "bands.peak.weekdays"),
        (_peak(weekdays="mon, tue"), "bands.peak.weekdays"),
        (_peak(weekdays=1), "bands.peak.weekdays"),
        (_peak(weekdays="mon," * 10_000), "bands.peak.weekdays"),
        (_peak(**{"from": "8:00"}), "bands.peak.from"),
        (_peak(**{"from": "24:00"}), "bands.peak.from"),
        (_peak(**{"from": "08:60"}), "bands.peak.from"),
        (_peak(**{"from": 480}), "bands.peak.from"),
        (_peak(**{"from": "٠٨:٠٠"}), "bands.peak.from"),
        (_peak(to="24:01"), "bands.peak.to"),
        (_peak(to="00:00"), "bands.peak.to"),
        (_peak(**{"from": "20:00", "to": "08:00"}), "bands.peak.to"),
        (_peak(**{"from": "20:00", "to": "20:00"}), "bands.peak.to"),
        (_peak(holidays="yes"), "bands.peak.holidays"),
        (_peak(holidays=1), "bands.peak.holidays"),
        ({"rounding": 4}, "rounding"),
        ({"rounding": {"places": 4}}, "rounding"),
        ({"rounding": {"digits": 7}}, "rounding.digits"),
        ({"rounding": {"digits": -1}}, "rounding.digits"),
        ({"rounding": {"digits": True}}, "rounding.digits"),
        ({"rounding": {"digits": "4"}}, "rounding.digits"),
        ({"rounding": {"mode": "nearest"}}, "rounding.mode"),
        ({"rounding": {"mode": {}}}, "rounding.mode"),
    ],
)
def test_a_field_that_is_wrong_is_named(document: object, field: str) -> None:
    refused = read_terms(json.dumps(document))
    assert isinstance(refused, Refused), refused
    assert (refused.code, refused.facts["field"]) == (RefusalCode.INVALID_INPUT, field)
    assert len(str(refused.facts["value"])) <= 64
    assert refused.facts["allowed"]


@pytest.mark.parametrize(
    "text",
    ["{", "time_zone: UTC", '{"a": NaN}', "[" * 100_000, "9" * 5_000, '{"time_zone": "UTC"', " " * 10 + "\x00"],
)
def test_what_is_no_json_is_refused_whole(text: str) -> None:
    refused = read_terms(text)
    assert isinstance(refused, Refused)
    assert refused.facts["field"] == "terms"


def test_a_field_that_is_given_twice_is_refused() -> None:
    refused = read_terms('{"bands": {"peak": {"weekdays": "mon"}, "peak": {"weekdays": "tue"}}}')
    assert isinstance(refused, Refused)
    assert (refused.facts["field"], refused.facts["allowed"]) == ("peak", "given once")


def test_a_document_without_end_is_refused_unread() -> None:
    refused = read_terms("x" * (TERMS_CHARACTERS_MAX + 1))
    assert isinstance(refused, Refused)
    assert refused.facts["field"] == "terms"


windows = st.builds(
    lambda days, edges, holidays: Window(
        weekdays=tuple(sorted(days)), from_minute=min(edges), to_minute=max(edges), holidays=holidays or not days
    ),
    st.sets(st.integers(0, 6)),
    st.lists(st.integers(0, 1_440), min_size=2, max_size=2, unique=True),
    st.booleans(),
)
all_terms = st.builds(
    DeckTerms,
    time_zone=st.sampled_from(ZONES),
    holidays=st.sets(st.dates(), max_size=5).map(lambda days: tuple(sorted(day.isoformat() for day in days))),
    bands=st.dictionaries(
        st.from_regex(r"[a-z][a-z0-9_-]{0,31}", fullmatch=True),
        st.lists(windows, min_size=1, max_size=4).map(tuple),
        max_size=5,
    ),
    rounding=st.builds(Rounding, digits=st.integers(0, 6), mode=st.sampled_from(RoundingMode)),
)


@given(all_terms)
def test_what_is_shown_of_terms_is_read_back_as_the_same_terms(terms: DeckTerms) -> None:
    assert read_terms(json.dumps(terms_document(terms))) == terms


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=10), children, max_size=3),
    max_leaves=8,
)
KEYS = ["time_zone", "holidays", "bands", "rounding"]


@given(st.dictionaries(st.sampled_from(KEYS), json_values) | json_values)
def test_no_document_makes_reading_fail(document: object) -> None:
    assert isinstance(read_terms(json.dumps(document)), DeckTerms | Refused)
