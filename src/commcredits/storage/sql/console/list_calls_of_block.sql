-- The dearest calls that led to a block: of the user, or to the country, that it blocks, begun between two instants.
select
    s.session_id,
    s.caller,
    s.callee,
    s.service,
    s.rate_destination,
    s.other_country,
    s.authorised_at,
    s.used_seconds,
    s.charged_micros,
    s.state,
    p.display_name
from call_sessions s
left join parties p
    on p.shard_id = s.shard_id
    and p.organization_id = s.organization_id
    and p.party_id = coalesce(s.user_id, s.party_id)
where s.shard_id = $1
    and s.organization_id = $2
    -- Every call meets this; it names the index that listings use.
    and s.authorised_at > '2000-01-01T00:00:00Z'
    and s.authorised_at >= $3
    and s.authorised_at <= $4
    and s.charged_micros > 0
    and case $5
        when 'user' then s.party_id = $6::uuid or s.user_id = $6::uuid
        else s.other_country = $7
    end
order by s.charged_micros desc, s.session_id
limit $8
