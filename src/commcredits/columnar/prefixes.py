"""Which rate prices each record, as joins: the longest prefix among the rates in force when the call starts.

One equality join for each length of prefix that the deck has, the longest one counts. Rates of one prefix and origin
never overlap in time, so that no join finds two and no record is met twice. Refuses to know prices.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from commcredits.columnar.deck_tables import DeckLayout

if TYPE_CHECKING:
    import ibis.expr.types as ir


def with_rate(records: ir.Table, rates: ir.Table, layout: DeckLayout) -> ir.Table:
    """The records with the number of their rate in a column ``rate``, null where no prefix matches.

    The same order as the core's: the longer prefix first; of one prefix, the rate that is bound to the call's country
    of origin before the one for calls from anywhere.
    """
    found = records
    candidates = []
    for digits, bound in layout.prefixes:
        suffix = f"{digits}_bound" if bound else f"{digits}"
        names = {
            name: f"{name}_{suffix}" for name in ("rate", "service", "prefix", "origin_country", "from_us", "to_us")
        }
        origin = rates.origin_country != "" if bound else rates.origin_country == ""
        of_length = rates.filter(rates.prefix_digits == digits, origin)
        of_length = of_length.select(**{alias: of_length[name] for name, alias in names.items()})
        conditions = [
            found["service"] == of_length[names["service"]],
            found["number"].left(digits) == of_length[names["prefix"]],
            of_length[names["from_us"]] <= found["started_us"],
            found["started_us"] < of_length[names["to_us"]],
        ]
        if bound:
            conditions.append(found["origin_country"] == of_length[names["origin_country"]])
        found = found.left_join(of_length, conditions)
        candidates.append(names["rate"])
    if not candidates:
        return records.mutate(rate=ibis.null("int64"))
    # The joins end here: what is joined next must not become one of them.
    found = found.select(*records.columns, *candidates)
    return found.select(*records.columns, rate=ibis.coalesce(*(found[name] for name in candidates)))
