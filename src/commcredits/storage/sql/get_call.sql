-- Reads one call of one organization, with its currency.
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
where s.shard_id = $1 and s.organization_id = $2 and s.session_id = $3 and s.erased_at is null
