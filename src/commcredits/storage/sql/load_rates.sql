-- The rates of one deck.
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
