-- How the rates of two decks that are in force at an instant differ, counted by service.
with earlier as (
    select r.*
    from rates r
    where r.shard_id = $1
        and r.organization_id = '00000000-0000-0000-0000-000000000000'
        and r.rate_deck_id = $2
        and r.effective_from <= $4
        and (r.effective_to is null or $4 < r.effective_to)
),

later as (
    select r.*
    from rates r
    where r.shard_id = $1
        and r.organization_id = '00000000-0000-0000-0000-000000000000'
        and r.rate_deck_id = $3
        and r.effective_from <= $4
        and (r.effective_to is null or $4 < r.effective_to)
)

select
    c.service,
    count(*) filter (where c.is_new) as added,
    count(*) filter (where c.is_gone) as removed,
    count(*) filter (where not c.is_new and not c.is_gone and c.is_other) as changed,
    count(*) filter (where c.later_price > c.earlier_price) as dearer,
    count(*) filter (where c.later_price < c.earlier_price) as cheaper,
    count(*) filter (where not c.is_other) as unchanged
from (
    select
        coalesce(e.service, l.service) as service,
        e.prefix is null as is_new,
        l.prefix is null as is_gone,
        e.price_per_minute_micros as earlier_price,
        l.price_per_minute_micros as later_price,
        (
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
        ) as is_other
    from earlier e
    full outer join later l
        on l.service = e.service and l.prefix = e.prefix and l.origin_country = e.origin_country
) c
group by c.service
order by c.service
