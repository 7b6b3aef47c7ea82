-- What the outbound calls that each calling plan's holder pays for asked for in each month that $3 bounds: started minutes,
-- and what they cost by the rates that were in force, at one price all day. $4 are the countries that international minutes
-- cover. Emergencies, premium numbers and calls by another carrier are no plan's matter.
select
    s.party_id,
    width_bucket(s.authorised_at, $3::timestamptz[]) as month_number,
    coalesce(s.domestic, false) as domestic,
    sum((s.used_seconds + 59) / 60)::bigint as minutes,
    sum(
        coalesce(s.connection_fee_micros, 0)
        + coalesce(s.price_per_minute_micros, 0)
        * (
            greatest(coalesce(s.first_increment_seconds, 1), 0)
            + ceil(
                greatest(s.used_seconds - coalesce(s.first_increment_seconds, 1), 0)::numeric
                / greatest(coalesce(s.next_increment_seconds, 1), 1)
            ) * coalesce(s.next_increment_seconds, 1)
        ) / 60
    )::bigint as micros
from call_sessions s
where s.shard_id = $1
    and s.organization_id = $2
    -- Every call meets this; it names the index that listings use.
    and s.authorised_at > '2000-01-01T00:00:00Z'
    and s.authorised_at >= ($3::timestamptz[])[1]
    and s.authorised_at < ($3::timestamptz[])[cardinality($3::timestamptz[])]
    and s.party_id is not null
    and s.used_seconds > 0
    and s.who_pays_row in (2, 3, 4, 6, 7, 17, 19)
    and (coalesce(s.domestic, false) or s.other_country = any ($4::text[]))
group by 1, 2, 3
