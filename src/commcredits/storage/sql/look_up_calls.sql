-- An organization's calls that began between two instants and before a place in the list, newest first: of a user where $7
-- is given, with a number on either side where $8 is. Of the external number only as many digits count as are shown ($9 at
-- its end are not), so that nobody finds out by asking what nobody may see. Records no longer kept ($11, by the country in
-- $10, else $12) are left out.
select
    s.session_id,
    s.service,
    s.call_type,
    s.caller,
    s.callee,
    s.rate_destination,
    s.state,
    s.authorised_at,
    s.used_seconds,
    s.included_seconds,
    s.charged_micros,
    s.cause,
    coalesce(s.user_id, s.party_id) as user_id,
    p.display_name,
    p.user_principal_name
from call_sessions s
left join parties p
    on p.shard_id = $1 and p.organization_id = $2 and p.party_id = coalesce(s.user_id, s.party_id)
cross join lateral (
    select
        case when s.service in ('toll_in', 'toll_free_in') then s.callee else s.caller end as own,
        case when s.service in ('toll_in', 'toll_free_in') then s.caller else s.callee end as other
) n
where s.shard_id = $1
    and s.organization_id = $2
    -- Every call meets this; it names the index that listings use.
    and s.authorised_at > '2000-01-01T00:00:00Z'
    and s.authorised_at >= $3
    and s.authorised_at < $4
    and (s.authorised_at, s.session_id) < ($5, $6)
    and ($7::uuid is null or s.party_id = $7 or s.user_id = $7)
    and (
        $8::text is null
        or n.own = $8
        or left(n.other, greatest(0, length(n.other) - $9)) = left($8, greatest(0, length($8) - $9))
        and length(n.other) = length($8)
    )
    and s.authorised_at >= coalesce(
        (select k.since from unnest($10::text[], $11::timestamptz[]) as k (country, since)
            where k.country = coalesce(nullif(s.usage_location, ''), $14)),
        $12
    )
order by s.authorised_at desc, s.session_id desc
limit $13
