-- Calls in progress of all organizations, or of one, the longest first: who calls, what is granted, held and charged so far,
-- and whether a cut is ordered. Names every organization: it is the operator's own list. Only so many calls are looked at.
with looked_at as materialized (
    select l.organization_id, l.session_id
    from live_calls l
    where l.shard_id = $1
        and ($2::uuid is null or l.organization_id = $2)
        and (not $3::boolean or l.look_at <= $4)
    limit $5
)
select
    s.organization_id,
    s.session_id,
    o.name,
    o.country,
    o.currency,
    s.service,
    s.call_type,
    s.caller,
    s.callee,
    s.rate_destination,
    s.state,
    s.authorised_at,
    s.started_at,
    s.grant_ends_at,
    s.granted_seconds,
    s.used_seconds,
    s.charged_micros,
    (select coalesce(sum(held), 0)::bigint from unnest(s.part_held_micros) as part (held)) as held_micros,
    s.switch,
    s.party_id,
    p.display_name,
    c.reason as cut_reason,
    c.ordered_at as cut_ordered_at,
    c.told_at as cut_told_at
from looked_at l
join call_sessions s on s.shard_id = $1 and s.organization_id = l.organization_id and s.session_id = l.session_id
join organizations o on o.shard_id = $1 and o.organization_id = l.organization_id
left join parties p
    on p.shard_id = $1 and p.organization_id = l.organization_id and p.party_id = coalesce(s.user_id, s.party_id)
left join call_cuts c on c.shard_id = $1 and c.organization_id = l.organization_id and c.session_id = l.session_id
where s.live and (not $3::boolean or s.grant_ends_at <= $4)
order by s.authorised_at, s.session_id
limit $6
