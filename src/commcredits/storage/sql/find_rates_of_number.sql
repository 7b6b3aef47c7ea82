-- The rates of one deck that could price a call to a number, of every service: those that one of its prefixes has.
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
from unnest($3::text[]) as wanted (service)
cross join unnest($4::text[]) as beginning (prefix)
cross join lateral (
    select *
    from rates r
    where r.shard_id = $1
        and r.organization_id = '00000000-0000-0000-0000-000000000000'
        and r.rate_deck_id = $2
        and r.service = wanted.service
        and r.prefix = beginning.prefix
    offset 0
) r
