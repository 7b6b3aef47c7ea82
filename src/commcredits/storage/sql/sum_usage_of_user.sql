-- What one user's calls from $3 to $4 came to by the day on which they began; $13 bounds the days, earliest first. Of a call
-- that a pool paid first and credits after, the part counts whose capability was asked for, else both.
select
    width_bucket(u.began_at, $13::timestamptz[]) as day_number,
    count(*) as calls,
    sum(
        case when $11::text is null or u.first_capability = $11 then u.first_seconds else 0 end
        + case when $11::text is null or u.then_capability = $11 then u.then_seconds else 0 end
    )::bigint as seconds,
    coalesce(
        sum(u.charged_micros) filter (where $11::text is null or coalesce(u.then_capability, u.first_capability) = $11), 0
    )::bigint as charged_micros,
    coalesce(
        sum(u.fee_micros) filter (where $11::text is null or coalesce(u.then_capability, u.first_capability) = $11), 0
    )::bigint as fee_micros
from usage_calls u
where u.shard_id = $1
    and u.organization_id = $2
    -- Calls ring for less than a day before they are answered.
    and u.authorised_at >= $3::timestamptz - interval '1 day'
    and u.authorised_at <= $4::timestamptz
    and u.began_at between $3 and $4
    -- Records that are kept no longer are gone for reports, erased already or not; no countries: none of the period are.
    and (
        cardinality($5::text[]) = 0
        or u.began_at >= coalesce(
            ($6::timestamptz[])[array_position($5::text[], coalesce(nullif(u.usage_location, ''), $8::text))],
            $7::timestamptz
        )
    )
    and ($9::text is null or u.call_type = $9)
    and ($10::text is null or u.other_country = $10)
    and ($11::text is null or $11 in (u.first_capability, u.then_capability))
    and (not $12::boolean or u.charged_micros > 0)
    -- The user's own calls, and those that the plan of a resource account paid for.
    and u.party_id = any (
        array(
            select a.party_id
            from parties a
            where a.shard_id = $1 and a.organization_id = $2 and a.kind = 'resource_account'
        ) || $14::uuid
    )
    and coalesce(u.user_id, u.party_id) = $14
group by day_number
