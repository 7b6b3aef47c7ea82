-- What calls that had a minute pool cost beyond it, by pool, for calls that began within $3 and $4; minutes that users have
-- for themselves are told by country.
select
    case when starts_with(s.pool_key, $5) then $5 || s.usage_location else s.pool_key end as pool,
    count(*) as calls,
    sum(greatest(0, s.used_seconds - s.included_seconds))::bigint as seconds,
    sum(s.charged_micros)::bigint as charged_micros
from call_sessions s
where s.shard_id = $1
    and s.organization_id = $2
    -- Every call meets this; it names the index that listings use.
    and s.authorised_at > '2000-01-01T00:00:00Z'
    and s.authorised_at >= $3
    and s.authorised_at < $4
    and s.pool_key <> ''
    and s.used_seconds > s.included_seconds
    and s.state <> 'refused'
group by pool
