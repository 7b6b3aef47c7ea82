-- Live calls whose grant has ended without a word from their switch; for calls that have moved on, remembers when to
-- look at them again.
--
-- Rows that a batch is just taking away are passed over, so that neither waits for the other in a circle. And a row
-- that was postponed here while a batch took it away is still there: its call is over, and it goes now.
with looked_at as materialized (
    select l.organization_id, l.session_id, s.live, s.grant_number, s.grant_ends_at
    from live_calls l
    join call_sessions s
        on s.shard_id = l.shard_id and s.organization_id = l.organization_id and s.session_id = l.session_id
    where l.shard_id = $1 and l.look_at <= $2
    order by l.look_at
    limit $3
    for update of l skip locked
),
postponed as (
    update live_calls l
    set look_at = a.grant_ends_at
    from looked_at a
    where l.shard_id = $1
        and l.organization_id = a.organization_id
        and l.session_id = a.session_id
        and a.live
        and a.grant_ends_at > $2
),
cleared as (
    delete from live_calls l
    using looked_at a
    where l.shard_id = $1
        and l.organization_id = a.organization_id
        and l.session_id = a.session_id
        and not a.live
)
select a.organization_id, a.session_id, a.grant_number
from looked_at a
where a.live and a.grant_ends_at <= $2
