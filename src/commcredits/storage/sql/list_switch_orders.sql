-- What the switches of one protocol should be told: calls to ask for again, because funds have arrived ($3: the lots
-- that are newer) or because a block was set ($4: the blocks that are newer); and calls to cut, until they are told.
with arrived as materialized (
    select f.organization_id, f.lot_id as cause
    from fund_lots f
    where f.shard_id = $1 and f.amount_micros > 0 and f.lot_id > $3::uuid
),
blocked as materialized (
    select b.organization_id, b.block_id as cause
    from blocks b
    where b.shard_id = $1
        and b.blocked_at > '2000-01-01T00:00:00Z'
        and b.block_id > $4::uuid
        and b.lifted_at is null
)
select 'renew' as kind, a.cause, s.organization_id, s.session_id, s.switch, 'funds' as reason
from arrived a
join live_calls l on l.shard_id = $1 and l.organization_id = a.organization_id
join call_sessions s
    on s.shard_id = $1 and s.organization_id = l.organization_id and s.session_id = l.session_id
where s.final and s.live and starts_with(s.switch, $2)
union all
select 'renew', b.cause, s.organization_id, s.session_id, s.switch, 'block'
from blocked b
join live_calls l on l.shard_id = $1 and l.organization_id = b.organization_id
join call_sessions s
    on s.shard_id = $1 and s.organization_id = l.organization_id and s.session_id = l.session_id
where s.live and starts_with(s.switch, $2)
union all
select 'cut', null, c.organization_id, c.session_id, c.switch, c.reason
from call_cuts c
join live_calls l
    on l.shard_id = $1 and l.organization_id = c.organization_id and l.session_id = c.session_id
where c.shard_id = $1 and c.told_at is null and starts_with(c.switch, $2)
