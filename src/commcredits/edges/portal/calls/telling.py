"""A call's explanation in sentences, step by step, in the order of domain.md §5: whose it is, minutes, credits, limits.

Knows how each step is said. Refuses to reckon: every amount is one that the explanation holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from commcredits.core.pools import read_pool_key
from commcredits.core.rating import SIXTIETHS
from commcredits.edges.portal import roster_words
from commcredits.edges.portal.calls.words import LATER, PLAIN_WALLET, ROWS
from commcredits.edges.portal.sentences import LOT_SOURCES, Speech
from commcredits.edges.translations import marked
from commcredits.operations.call_explaining import CallExplanation, MoneyPart


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: a heading, sentences, and a sum of (words, amount) lines whose last one is what it comes to."""

    heading: str
    sentences: tuple[str, ...]
    sum: tuple[tuple[str, str], ...] = ()


def story_of(told: CallExplanation, speech: Speech) -> tuple[Step, ...]:
    """Why the call cost what it cost."""
    steps = [_whose(told, speech)]
    if told.minutes is not None:
        steps.append(_minutes(told, speech))
    elif told.money is not None and told.row is not None and told.row.first is not None and told.call.capability:
        steps.extend(_no_minutes(told, speech))
    if told.money is not None:
        steps.append(_money(told, told.money, speech))
        steps.extend(_lots(told, speech))
    elif told.refusal is None:
        steps.append(_nothing(told, speech))
    if told.later:
        steps.append(_later(told, speech))
    return tuple(steps)


def _whose(told: CallExplanation, speech: Speech) -> Step:
    say, call = speech.say, told.call
    sentences = []
    name = call.user_display_name or told.user_principal_name
    if name:
        sentences.append(say(marked("The call is booked to %(name)s."), name=name))
    elif call.user_id is not None:
        sentences.append(say(marked("The call is booked to somebody who was removed since.")))
    if told.department:
        sentences.append(say(marked("It counts in the department %(department)s."), department=told.department))
    if told.usage_location and told.other_country:
        sentences.append(
            say(
                marked("From %(home)s as the usage location, the other side is in %(country)s."),
                home=speech.formats.country(told.usage_location),
                country=speech.formats.country(told.other_country),
            )
        )
    row = None if told.row is None else told.row.number
    sentences.append(say(PLAIN_WALLET if row is None else ROWS[row]))
    return Step(heading=say(marked("Whose call it is, and what may pay for it")), sentences=tuple(sentences))


def _minutes(told: CallExplanation, speech: Speech) -> Step:
    say, minutes = speech.say, told.minutes
    assert minutes is not None, "asked for where minutes paid"
    name = read_pool_key(minutes.pool)
    pool = say(roster_words.LICENCES[name.licence])
    sentences = [
        say(
            marked("Included minutes come first: this call used %(minutes)s of the plan “%(plan)s”."),
            plan=pool,
            minutes=speech.formats.duration(minutes.minutes * 60),
        ),
        say(marked("Minutes count by started minute, in the month in which the call began.")),
    ]
    if minutes.crossed_at is not None:
        sentences.append(
            say(
                marked("At %(moment)s, after %(length)s, no minutes were left: credits took over from there on."),
                moment=speech.formats.second(minutes.crossed_at),
                length=speech.formats.duration(minutes.included_seconds),
            )
        )
    return Step(heading=say(marked("Included minutes")), sentences=tuple(sentences))


def _no_minutes(told: CallExplanation, speech: Speech) -> Iterator[Step]:
    """A call that has a pool in which nothing was left."""
    row = told.row
    assert row is not None, "asked for where a row decided"
    if row.first is not None and row.first.value.endswith("_pool"):
        sentence = marked("Nothing was left of the minutes for such calls, so credits paid from the start.")
        yield Step(heading=speech.say(marked("Included minutes")), sentences=(speech.say(sentence),))


def _money(told: CallExplanation, money: MoneyPart, speech: Speech) -> Step:
    say, fmt, currency, rate = speech.say, speech.formats, told.call.currency, money.rate
    sentences = [
        say(
            marked("The rate for %(destination)s, numbers that begin with +%(prefix)s, was in force when it began."),
            destination=rate.destination or rate.prefix,
            prefix=rate.prefix,
        )
    ]
    if money.deck_name:
        sentences.append(say(marked("It stands in the rate deck “%(deck)s”."), deck=money.deck_name))
    sentences.append(
        say(
            marked("%(length)s are billed as %(billed)s, in increments of %(first)s first and %(next)s after that."),
            length=fmt.duration(money.seconds),
            billed=fmt.duration(money.sum.billed_seconds),
            first=fmt.duration(rate.first_increment_seconds),
            next=fmt.duration(rate.next_increment_seconds),
        )
    )
    return Step(
        heading=say(marked("Communications Credits")),
        sentences=tuple(sentences),
        sum=tuple(_sum(money, speech, currency)),
    )


def _sum(money: MoneyPart, speech: Speech, currency: str) -> Iterator[tuple[str, str]]:
    say, fmt, total = speech.say, speech.formats, money.sum
    if total.connection_fee_micros:
        yield say(marked("Connection fee")), fmt.money(total.connection_fee_micros, currency)
    exact = total.connection_fee_micros * SIXTIETHS
    for part in total.parts:
        words = say(
            marked("%(length)s at %(price)s a minute"),
            length=fmt.duration(part.seconds),
            price=fmt.money(part.price_per_minute_micros, currency),
        )
        # What the parts cost is exact in sixtieths of a millionth; each is shown to the millionth, rounded down, and
        # the line of rounding makes the sum come out.
        before = exact // SIXTIETHS
        exact += part.cost_sixtieths
        yield (f"{words} ({part.band})" if part.band else words), fmt.money(exact // SIXTIETHS - before, currency)
    rounding = total.price_micros + total.above_maximum_micros - exact // SIXTIETHS
    if rounding:
        yield say(marked("Rounding of the whole call")), fmt.money(rounding, currency)
    if total.above_maximum_micros:
        yield say(marked("Above the maximum charge")), fmt.money(-total.above_maximum_micros, currency)
    yield say(marked("Charged")), fmt.money(total.price_micros, currency)


def _lots(told: CallExplanation, speech: Speech) -> Iterator[Step]:
    say, fmt, currency = speech.say, speech.formats, told.call.currency
    if told.lots is None:
        return
    drawn = [lot for lot in told.lots if lot.drawn_micros]
    sentences = []
    if drawn:
        sentences.append(
            say(marked("Promotional funds are used before paid ones, then those that expire first, then the oldest."))
        )
    if told.owed_micros:
        owed = fmt.money(told.owed_micros, currency)
        sentences.append(say(marked("%(amount)s found no funds and is owed: the next funds repay it."), amount=owed))
    if not sentences:
        return
    lines = tuple(
        (
            say(
                marked("%(source)s of %(day)s, expires %(expiry)s"),
                source=say(LOT_SOURCES[lot.source]),
                day=fmt.day(lot.purchased_at),
                expiry=fmt.day(lot.expires_at),
            ),
            fmt.money(lot.drawn_micros, currency),
        )
        for lot in drawn
    )
    total = (say(marked("Paid from funds")), fmt.money(sum(lot.drawn_micros for lot in drawn), currency))
    yield Step(
        heading=say(marked("Which funds paid it")),
        sentences=tuple(sentences),
        sum=(*lines, total) if drawn else (),
    )


def _nothing(told: CallExplanation, speech: Speech) -> Step:
    if told.call.cause == "FREECALL":
        sentence = marked("No rate was known for the destination, so nothing was charged; the operator was told.")
    elif not told.call.duration_seconds:
        sentence = marked("The call was not answered, or lasted no time: that costs nothing.")
    else:
        sentence = marked("Nothing was charged.")
    return Step(heading=speech.say(marked("Communications Credits")), sentences=(speech.say(sentence),))


def _later(told: CallExplanation, speech: Speech) -> Step:
    say, fmt, currency = speech.say, speech.formats, told.call.currency
    sentences = tuple(
        say(
            marked("%(moment)s: %(words)s, %(amount)s."),
            moment=fmt.second(each.at),
            words=say(LATER[each.reason]),
            amount=fmt.money(each.amount_micros, currency),
        )
        for each in told.later
    )
    return Step(heading=say(marked("What changed later")), sentences=sentences)
