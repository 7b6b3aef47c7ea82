-- What the calls of an organization came to by day and subject, for the subjects whose dearest of the last $5 days are
-- among the $6 dearest; $3 bounds the days, earliest first. $4 says whose: user, or destination (another country's code).
with daily as materialized (
    select
        case $4
            when 'user' then coalesce(s.user_id, s.party_id)::text
            else case when s.service in ('outbound', 'conference_dial_out') and s.domestic is not true then s.other_country end
        end as subject,
        width_bucket(s.authorised_at, $3::timestamptz[]) as day_number,
        sum(s.charged_micros)::bigint as charged_micros,
        count(*) as calls
    from call_sessions s
    where s.shard_id = $1
        and s.organization_id = $2
        -- Every call meets this; it names the index that listings use.
        and s.authorised_at > '2000-01-01T00:00:00Z'
        and s.authorised_at >= ($3::timestamptz[])[1]
        and s.authorised_at < ($3::timestamptz[])[cardinality($3::timestamptz[])]
        and s.charged_micros > 0
    group by 1, 2
),

dearest as (
    select subject
    from daily
    where subject is not null and subject <> '' and day_number >= cardinality($3::timestamptz[]) - $5
    group by subject
    order by max(charged_micros) desc
    limit $6
)

select d.subject, d.day_number, d.charged_micros, d.calls
from daily d
join dearest using (subject)
order by d.subject, d.day_number
