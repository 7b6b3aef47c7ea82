-- Calls whose minutes are not the started minutes that their pool pays for (counted in minutes), and calls that count
-- another amount under a limit of money than they were charged.
select
    s.organization_id,
    'call ' || s.session_id as subject,
    (least(s.used_seconds, s.included_seconds) + 59) / 60 as expected,
    coalesce(pool.minutes, 0) as found
from call_sessions s
left join lateral (
    select sum((part ->> 3)::bigint) as minutes
    from jsonb_array_elements(s.meter_parts::jsonb) as part
    where part ->> 0 = s.pool_key
) pool on true
where s.shard_id = $1
    and s.pool_key <> ''
    and (least(s.used_seconds, s.included_seconds) + 59) / 60 <> coalesce(pool.minutes, 0)
union all
select
    s.organization_id,
    'call ' || s.session_id || ' under ' || (part ->> 0),
    s.charged_micros,
    (part ->> 3)::bigint
from call_sessions s
cross join lateral jsonb_array_elements(s.meter_parts::jsonb) as part
where s.shard_id = $1
    and s.meter_parts is not null
    and split_part(part ->> 0, ':', 1) not in ('pool', 'calls')
    and (part ->> 3)::bigint <> s.charged_micros
order by 1, 2
limit $2
