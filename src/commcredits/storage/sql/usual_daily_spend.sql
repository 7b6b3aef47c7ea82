-- What calls to each country cost on their most expensive day; $3 bounds the days, earliest first. Days on which such a
-- country was blocked for costing too much do not count: what was not usual then does not become so.
select daily.country, max(daily.charged_micros)::bigint as charged_micros
from (
    select
        coalesce(nullif(s.other_country, ''), $4) as country,
        width_bucket(s.authorised_at, $3::timestamptz[]) as day_number,
        sum(s.charged_micros) as charged_micros
    from call_sessions s
    where s.shard_id = $1
        and s.organization_id = $2
        -- Every call meets this; it names the index that listings use.
        and s.authorised_at > '2000-01-01T00:00:00Z'
        and s.authorised_at >= ($3::timestamptz[])[1]
        and s.authorised_at < ($3::timestamptz[])[cardinality($3::timestamptz[])]
        and s.service in ('outbound', 'conference_dial_out')
        and s.other_country is not null
        and s.charged_micros > 0
    group by 1, 2
) daily
where not exists (
    select
    from blocks b
    where b.shard_id = $1
        and b.organization_id = $2
        and b.kind = 'destination'
        and b.reason = 'destination_anomaly'
        and b.subject = daily.country
        and b.blocked_at >= ($3::timestamptz[])[daily.day_number]
        and b.blocked_at < ($3::timestamptz[])[daily.day_number + 1]
)
group by daily.country
