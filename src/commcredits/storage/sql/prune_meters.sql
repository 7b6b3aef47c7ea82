-- Forgets meters of months, days and hours that ended before the day $2 and that no call holds anything of; returns how
-- many, at most $3. Minute pools stay: reports show them, and calls told late still draw on the pool of their month.
with old as (
    select m.organization_id, m.key, m.period
    from meters m
    where m.shard_id = $1
        and m.held = 0
        and not starts_with(m.key, 'pool:')
        and m.period <> ''
        and case when length(m.period) = 7 then m.period < left($2, 7) else m.period < $2 end
    limit $3
    for update skip locked
),
gone as (
    delete from meters m
    using old o
    where m.shard_id = $1
        and m.organization_id = o.organization_id
        and m.key = o.key
        and m.period = o.period
    returning 1
)
select count(*) from gone
