"""Fund lots: used in their order, dead at their instant, and never a millionth made or lost."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commcredits.core.funds import (
    Lot,
    Lots,
    LotSource,
    Parts,
    add,
    available_micros,
    draw,
    expire,
    held_micros,
    hold,
    order_of_use,
    posted_micros,
    release,
    restore,
)
from tests.core.books import NOON, lot

MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(days=1)

lots_drawn: st.SearchStrategy[Lots] = st.lists(
    st.builds(
        lambda number, free, source, bought, lives: lot(
            f"lot-{number}", free, source=source, purchased_at=NOON - bought * DAY, expires_at=NOON + lives * DAY
        ),
        st.integers(1, 9),
        st.integers(1, 1_000),
        st.sampled_from(LotSource),
        st.integers(1, 5),
        st.integers(1, 5),
    ),
    max_size=6,
    unique_by=lambda each: each.terms.lot_id,
).map(lambda drawn: tuple(sorted(drawn, key=lambda each: order_of_use(each.terms))))


def _ids(lots: Lots) -> list[str]:
    return [each.terms.lot_id for each in lots]


def _free(lots: Lots) -> dict[str, int]:
    return {each.terms.lot_id: each.free_micros for each in lots}


def _in_order(*lots: Lot) -> Lots:
    ordered: Lots = ()
    for each in lots:
        ordered = add(ordered, each)
    return ordered


def test_promotional_funds_are_used_first_then_the_earliest_expiry_then_the_oldest() -> None:
    lots = _in_order(
        lot("late", 1, expires_at=NOON + 9 * DAY),
        lot("early-new", 1, expires_at=NOON + 2 * DAY, purchased_at=NOON - DAY),
        lot("early-old", 1, expires_at=NOON + 2 * DAY, purchased_at=NOON - 2 * DAY),
        lot("gift-late", 1, source=LotSource.PROMOTION, expires_at=NOON + 99 * DAY),
        lot("gift-early", 1, source=LotSource.PROMOTION, expires_at=NOON + 3 * DAY),
        lot("recharged", 1, source=LotSource.AUTO_RECHARGE, expires_at=NOON + DAY),
    )
    assert _ids(lots) == ["gift-early", "gift-late", "recharged", "early-old", "early-new", "late"]


def test_a_hold_takes_the_first_lots_whole_before_it_touches_the_next() -> None:
    lots = (lot("first", 30), lot("second", 30), lot("third", 30))
    after, parts = hold(lots, (), 50, NOON)
    assert _free(after) == {"first": 0, "second": 10, "third": 30}
    assert [(part.terms.lot_id, part.held_micros) for part in parts] == [("first", 30), ("second", 20)]


def test_what_was_held_first_is_spent_first() -> None:
    lots: Lots = (lot("first", 30), lot("second", 30))
    lots, parts = hold(lots, (), 50, NOON)
    lots, parts, drawn = draw(lots, parts, 40)
    assert drawn == (("first", 30), ("second", 10))
    assert held_micros(lots) == 10
    lots, parts = release(lots, parts)
    assert _free(lots) == {"first": 0, "second": 20}


def test_a_better_lot_that_arrives_during_a_call_is_used_from_the_next_hold_on() -> None:
    lots, parts = hold((lot("paid", 100),), (), 10, NOON)
    lots = add(lots, lot("gift", 100, source=LotSource.PROMOTION))
    lots, parts = hold(lots, parts, 10, NOON)
    lots, parts, drawn = draw(lots, parts, 15)
    assert drawn == (("paid", 10), ("gift", 5))


def test_a_lot_is_worth_all_until_its_instant_and_nothing_from_it_on() -> None:
    lots = (lot("lot", 100, expires_at=NOON),)
    assert available_micros(lots, NOON - MICROSECOND) == 100
    assert expire(lots, NOON - MICROSECOND) == (lots, ())
    assert available_micros(lots, NOON) == 0
    assert expire(lots, NOON) == ((), (("lot", 100),))


def test_an_expired_lot_cannot_be_held_even_before_its_breakage_is_booked() -> None:
    lots = (lot("expired", 100, expires_at=NOON), lot("good", 100))
    after, parts = hold(lots, (), 100, NOON)
    assert _free(after) == {"expired": 100, "good": 0}
    with pytest.raises(ValueError, match="exceeds what is available by 1"):
        hold(after, parts, 1, NOON)


def test_money_held_by_a_call_outlives_its_lot_and_what_the_call_leaves_is_breakage() -> None:
    lots, parts = hold((lot("lot", 100, expires_at=NOON + DAY),), (), 60, NOON)
    lots, breakage = expire(lots, NOON + DAY)
    assert breakage == (("lot", 40),)
    assert posted_micros(lots, NOON + DAY) == held_micros(lots) == 60
    lots, parts, drawn = draw(lots, parts, 45)
    assert drawn == (("lot", 45),)
    lots, parts = release(lots, parts)
    assert available_micros(lots, NOON + DAY) == 0
    assert expire(lots, NOON + DAY) == ((), (("lot", 15),))


def test_a_lot_with_nothing_left_is_forgotten_and_comes_back_in_its_place_when_a_charge_is_undone() -> None:
    lots: Lots = (lot("first", 30), lot("second", 30))
    lots, parts = hold(lots, (), 30, NOON)
    lots, parts, _ = draw(lots, parts, 30)
    lots, breakage = expire(lots, NOON)
    assert (_ids(lots), breakage) == (["second"], ())
    lots, parts, restored = restore(lots, parts, 12)
    assert restored == (("first", 12),)
    assert [(each.terms.lot_id, each.free_micros) for each in lots] == [("first", 12), ("second", 30)]


def test_an_undone_charge_goes_back_to_the_last_lot_first() -> None:
    lots, parts = hold((lot("first", 30), lot("second", 30)), (), 50, NOON)
    lots, parts, _ = draw(lots, parts, 50)
    lots, parts, restored = restore(lots, parts, 25)
    assert restored == (("second", 20), ("first", 5))


def test_nothing_to_expire_leaves_the_very_same_lots() -> None:
    lots = (lot("one", 1), lot("two", 2))
    assert expire(lots, NOON)[0] is lots


@pytest.mark.parametrize("amount_micros", [-1, -(10**15)])
def test_a_negative_amount_moves_nothing(amount_micros: int) -> None:
    lots, parts = hold((lot("lot", 100),), (), 50, NOON)
    lots, parts, _ = draw(lots, parts, 20)
    with pytest.raises(ValueError, match="cannot be set aside"):
        hold(lots, parts, amount_micros, NOON)
    with pytest.raises(ValueError, match="cannot be set aside"):
        draw(lots, parts, amount_micros)
    with pytest.raises(ValueError, match="cannot be set aside"):
        restore(lots, parts, amount_micros)


def test_more_than_was_held_cannot_be_spent_nor_more_than_was_spent_given_back() -> None:
    lots, parts = hold((lot("lot", 100),), (), 50, NOON)
    with pytest.raises(ValueError, match="exceeds what is held by 1"):
        draw(lots, parts, 51)
    lots, parts, _ = draw(lots, parts, 20)
    with pytest.raises(ValueError, match="exceeds what was drawn by 1"):
        restore(lots, parts, 21)


@given(lots_drawn)
def test_adding_lots_in_any_order_gives_the_one_order_of_use(lots: Lots) -> None:
    assert _in_order(*reversed(lots)) == lots


@given(lots_drawn, st.data())
def test_no_sequence_of_holds_draws_releases_and_expiries_makes_or_loses_money(lots: Lots, data: st.DataObject) -> None:
    total = sum(each.free_micros for each in lots)
    calls: list[Parts] = [(), ()]
    forfeited = 0
    now = NOON
    for step in data.draw(st.lists(st.sampled_from(["hold", "draw", "release", "restore", "wait"]), max_size=12)):
        index = data.draw(st.integers(0, 1))
        parts = calls[index]
        if step == "hold":
            lots, calls[index] = hold(lots, parts, data.draw(st.integers(0, available_micros(lots, now))), now)
        elif step == "draw":
            wanted = data.draw(st.integers(0, sum(part.held_micros for part in parts)))
            lots, calls[index], drawn = draw(lots, parts, wanted)
            assert sum(amount for _, amount in drawn) == wanted
        elif step == "release":
            lots, calls[index] = release(lots, parts)
            assert all(part.held_micros == 0 for part in calls[index])
        elif step == "restore":
            wanted = data.draw(st.integers(0, sum(part.drawn_micros for part in parts)))
            lots, calls[index], restored = restore(lots, parts, wanted)
            assert sum(amount for _, amount in restored) == wanted
        else:
            now += data.draw(st.integers(0, 3)) * DAY
        lots, breakage = expire(lots, now)
        forfeited += sum(amount for _, amount in breakage)
        _agree(lots, calls, total - forfeited)


def _agree(lots: Lots, calls: list[Parts], total: int) -> None:
    """Free, held and drawn are all of the money; lots hold what the calls hold on them, in order, never below zero."""
    drawn = sum(part.drawn_micros for parts in calls for part in parts)
    assert sum(each.free_micros + each.held_micros for each in lots) + drawn == total
    assert all(each.free_micros >= 0 and each.held_micros >= 0 for each in lots)
    assert all(part.held_micros >= 0 and part.drawn_micros >= 0 for parts in calls for part in parts)
    for each in lots:
        on_it = [part.held_micros for parts in calls for part in parts if part.terms.lot_id == each.terms.lot_id]
        assert sum(on_it) == each.held_micros
    assert list(lots) == sorted(lots, key=lambda each: order_of_use(each.terms))
