-- What usage reports tell of an organization's calls that began from $3 to $4: newest first, before the one at $13, $14.
select
    u.session_id,
    u.service,
    u.call_type,
    u.caller,
    u.callee,
    coalesce(u.user_id, u.party_id) as object_id,
    u.user_principal_name,
    u.display_name,
    u.department,
    u.usage_location,
    u.other_country,
    u.domestic,
    u.conference_id,
    u.authorised_at,
    u.began_at,
    u.charged_micros,
    u.fee_micros,
    u.destination,
    u.first_capability,
    u.then_capability,
    u.first_seconds,
    u.then_seconds
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
    and (u.authorised_at, u.session_id) < ($13::timestamptz, $14::text)
order by u.authorised_at desc, u.session_id desc
limit $15
