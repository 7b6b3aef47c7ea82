-- Rates of one deck in order of service, prefix, origin and time, from the one after a given one on: of one service, below
-- a prefix, to destinations whose name holds a text, in force at an instant; a null or an empty text leaves that open.
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
    and (r.service, r.prefix, r.origin_country, r.effective_from) > ($3, $4, $5, $6)
    and ($7::text is null or r.service = $7)
    and starts_with(r.prefix, $8)
    and ($9::text = '' or strpos(lower(r.destination), lower($9)) > 0)
    and (
        $10::timestamptz is null
        or (r.effective_from <= $10 and (r.effective_to is null or $10 < r.effective_to))
    )
order by r.service, r.prefix, r.origin_country, r.effective_from
limit $11
