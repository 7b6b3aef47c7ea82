-- Rates of one deck and service whose prefix is one of these, those first that can price a call from a country at an
-- instant: the one that does is never cut off.
select
    r.service,
    r.prefix,
    r.destination,
    r.price_per_minute_micros,
    r.connection_fee_micros,
    r.first_increment_seconds,
    r.next_increment_seconds,
    r.effective_from,
    r.effective_to,
    r.origin_country,
    r.shape
from rates r
where r.shard_id = $1
    and r.organization_id = '00000000-0000-0000-0000-000000000000'
    and r.rate_deck_id = $2
    and r.service = $3
    and r.prefix = any($4::text [])
order by
    (r.effective_from <= $5 and (r.effective_to is null or $5 < r.effective_to)) desc,
    (r.origin_country in ('', $6)) desc,
    length(r.prefix) desc,
    r.origin_country desc,
    r.effective_from desc
limit $7
