-- What an organization's calls came to by the day on which they were authorised; $3 bounds the days, earliest first.
select
    width_bucket(s.authorised_at, $3::timestamptz[]) as day_number,
    count(*) as calls,
    sum(s.used_seconds)::bigint as duration_seconds,
    sum(s.charged_micros)::bigint as charged_micros
from call_sessions s
where s.shard_id = $1
    and s.organization_id = $2
    -- Every call meets this; it names the index that listings use.
    and s.authorised_at > '2000-01-01T00:00:00Z'
    and s.authorised_at >= ($3::timestamptz[])[1]
    and s.authorised_at < ($3::timestamptz[])[cardinality($3::timestamptz[])]
    and s.state <> 'refused'
group by day_number
