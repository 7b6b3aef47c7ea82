-- What conferences of each organizer dialled out from $3 to $4, apart by the organizer's country and by whether calls left
-- it; without what is kept no longer ($5 to $8 as in list_usage.sql).
select
    u.party_id,
    coalesce(u.usage_location, $8::text) as usage_location,
    u.domestic,
    max(u.user_principal_name) as user_principal_name,
    max(u.display_name) as display_name,
    count(*) as calls,
    sum(u.used_seconds)::bigint as seconds,
    sum(u.charged_micros)::bigint as charged_micros
from usage_calls u
where u.shard_id = $1
    and u.organization_id = $2
    -- Calls ring for less than a day before they are answered.
    and u.authorised_at >= $3::timestamptz - interval '1 day'
    and u.authorised_at <= $4::timestamptz
    and u.began_at between $3 and $4
    and (
        cardinality($5::text[]) = 0
        or u.began_at >= coalesce(
            ($6::timestamptz[])[array_position($5::text[], coalesce(nullif(u.usage_location, ''), $8::text))],
            $7::timestamptz
        )
    )
    and u.call_type = 'conf_out'
group by u.party_id, 2, u.domestic
order by u.party_id nulls last, 2, u.domestic nulls last
limit $9
