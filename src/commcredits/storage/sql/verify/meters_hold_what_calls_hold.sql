-- Meters that hold something else than the running calls hold of them (counted in what the meter counts).
with held as (
    select s.organization_id, part ->> 0 as key, part ->> 1 as period, sum((part ->> 2)::bigint) as amount
    from call_sessions s
    cross join lateral jsonb_array_elements(s.meter_parts::jsonb) as part
    where s.shard_id = $1 and s.meter_parts is not null
    group by s.organization_id, part ->> 0, part ->> 1
    having sum((part ->> 2)::bigint) <> 0
)
select
    organization_id,
    'meter ' || key || ' ' || period as subject,
    coalesce(h.amount, 0) as expected,
    coalesce(m.held, 0) as found
from (select organization_id, key, period, held from meters where shard_id = $1) m
full join held h using (organization_id, key, period)
where coalesce(h.amount, 0) <> coalesce(m.held, 0)
order by 1, 2
limit $2
