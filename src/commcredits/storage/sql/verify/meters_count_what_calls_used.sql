-- Pools and caps that count something else than calls used of them. Caps of more than a month ago are not looked at: they
-- are forgotten after two, and what is told later begins them anew; so do fraud limits when a block is lifted.
with used as (
    select s.organization_id, part ->> 0 as key, part ->> 1 as period, sum((part ->> 3)::bigint) as amount
    from call_sessions s
    cross join lateral jsonb_array_elements(s.meter_parts::jsonb) as part
    where s.shard_id = $1 and s.meter_parts is not null
    group by s.organization_id, part ->> 0, part ->> 1
)
select
    organization_id,
    'meter ' || m.key || ' ' || m.period as subject,
    coalesce(u.amount, 0) as expected,
    m.used as found
from meters m
left join used u using (organization_id, key, period)
where m.shard_id = $1
    and (
        m.key like 'pool:%'
        or (m.key like 'cap:%' or m.key like 'caller:%') and m.period >= to_char(now() - interval '31 days', 'YYYY-MM')
    )
    and coalesce(u.amount, 0) <> m.used
order by 1, 2
limit $2
