-- Rates in force at an instant that differ between two decks, in order of service, prefix and origin, from the one after a
-- given one on; the columns of the deck that has no such rate are null.
with earlier as (
    select r.*
    from rates r
    where r.shard_id = $1
        and r.organization_id = '00000000-0000-0000-0000-000000000000'
        and r.rate_deck_id = $2
        and r.effective_from <= $4
        and (r.effective_to is null or $4 < r.effective_to)
        and ($5::text is null or r.service = $5)
),

later as (
    select r.*
    from rates r
    where r.shard_id = $1
        and r.organization_id = '00000000-0000-0000-0000-000000000000'
        and r.rate_deck_id = $3
        and r.effective_from <= $4
        and (r.effective_to is null or $4 < r.effective_to)
        and ($5::text is null or r.service = $5)
)

select
    e.service as earlier_service,
    e.prefix as earlier_prefix,
    e.origin_country as earlier_origin_country,
    e.destination as earlier_destination,
    e.price_per_minute_micros as earlier_price_per_minute_micros,
    e.connection_fee_micros as earlier_connection_fee_micros,
    e.first_increment_seconds as earlier_first_increment_seconds,
    e.next_increment_seconds as earlier_next_increment_seconds,
    e.effective_from as earlier_effective_from,
    e.effective_to as earlier_effective_to,
    e.shape as earlier_shape,
    l.service as later_service,
    l.prefix as later_prefix,
    l.origin_country as later_origin_country,
    l.destination as later_destination,
    l.price_per_minute_micros as later_price_per_minute_micros,
    l.connection_fee_micros as later_connection_fee_micros,
    l.first_increment_seconds as later_first_increment_seconds,
    l.next_increment_seconds as later_next_increment_seconds,
    l.effective_from as later_effective_from,
    l.effective_to as later_effective_to,
    l.shape as later_shape
from earlier e
full outer join later l
    on l.service = e.service and l.prefix = e.prefix and l.origin_country = e.origin_country
where (
    coalesce(e.service, l.service), coalesce(e.prefix, l.prefix), coalesce(e.origin_country, l.origin_country)
) > ($6, $7, $8)
and (
    e.destination,
    e.price_per_minute_micros,
    e.connection_fee_micros,
    e.first_increment_seconds,
    e.next_increment_seconds,
    e.shape
) is distinct from (
    l.destination,
    l.price_per_minute_micros,
    l.connection_fee_micros,
    l.first_increment_seconds,
    l.next_increment_seconds,
    l.shape
)
and (
    $9::text is null
    or $9 = case when e.prefix is null then 'added' when l.prefix is null then 'removed' else 'changed' end
)
order by coalesce(e.service, l.service), coalesce(e.prefix, l.prefix), coalesce(e.origin_country, l.origin_country)
limit $10
