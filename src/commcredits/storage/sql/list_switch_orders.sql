-- What running calls should be told of: funds that have just arrived ($3: lots that are newer), blocks that were just set
-- ($4: blocks that are newer), each with whose they are; and calls of one protocol ($2) to cut, until they are told.
select 'renew' as kind, f.lot_id as cause, f.organization_id, null as session_id, null as switch, 'funds' as reason
from fund_lots f
where f.shard_id = $1 and f.amount_micros > 0 and f.lot_id > $3::uuid
union all
select 'renew', b.block_id, b.organization_id, null, null, 'block'
from blocks b
where b.shard_id = $1
    and b.blocked_at > '2000-01-01T00:00:00Z'
    and b.block_id > $4::uuid
    and b.lifted_at is null
union all
select 'cut', null, c.organization_id, c.session_id, c.switch, c.reason
from call_cuts c
join live_calls l
    on l.shard_id = $1 and l.organization_id = c.organization_id and l.session_id = c.session_id
where c.shard_id = $1 and c.told_at is null and starts_with(c.switch, $2)
