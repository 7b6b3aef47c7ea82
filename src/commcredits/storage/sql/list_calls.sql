-- An organization's calls, newest first, from the one before a given instant and id on.
select
    s.session_id,
    s.service,
    s.call_type,
    s.caller,
    s.callee,
    s.rate_destination,
    s.state,
    s.authorised_at,
    s.started_at,
    s.ended_at,
    s.used_seconds,
    s.overrun_seconds,
    s.switch,
    s.charged_micros,
    (select sum(part.held_micros) from unnest(s.part_held_micros) as part (held_micros))::bigint as held_micros,
    s.cause,
    s.rate_deck_id,
    s.rate_prefix,
    s.included_seconds,
    s.pool_key,
    s.capability,
    coalesce(s.user_id, s.party_id) as user_id,
    (
        select p.display_name
        from parties p
        where p.shard_id = s.shard_id
            and p.organization_id = s.organization_id
            and p.party_id = coalesce(s.user_id, s.party_id)
    ) as user_display_name
from call_sessions s
where s.shard_id = $1
    and s.organization_id = $2
    and s.erased_at is null
    -- Every call meets this; it names the index that listings use.
    and s.authorised_at > '2000-01-01T00:00:00Z'
    and (s.authorised_at, s.session_id) < ($3, $4)
order by s.authorised_at desc, s.session_id desc
limit $5
