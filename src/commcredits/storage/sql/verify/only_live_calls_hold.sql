-- Calls that are over and still hold something.
select s.organization_id, 'call ' || s.session_id as subject, 0 as expected, parts.micros as found
from call_sessions s
cross join lateral (
    select sum(part.held_micros) as micros
    from unnest(s.part_held_micros) as part (held_micros)
) parts
where s.shard_id = $1 and not s.live and parts.micros <> 0
order by 1, 2
limit $2
