-- Transfers that name a lot, a call or a top-up that there is none of; what was found of it is nothing.
select
    j.organization_id,
    'transfer ' || j.transfer_id || ' of lot ' || j.lot_id as subject,
    j.amount_micros as expected,
    0 as found
from journal j
left join fund_lots l
    on l.shard_id = j.shard_id and l.organization_id = j.organization_id and l.lot_id = j.lot_id
where j.shard_id = $1 and j.lot_id is not null and l.lot_id is null
union all
select
    j.organization_id,
    'transfer ' || j.transfer_id || ' of call ' || j.session_id,
    j.amount_micros,
    0
from journal j
left join call_sessions s
    on s.shard_id = j.shard_id and s.organization_id = j.organization_id and s.session_id = j.session_id
where j.shard_id = $1 and j.session_id is not null and s.session_id is null
union all
select
    j.organization_id,
    'transfer ' || j.transfer_id || ' of top-up ' || j.top_up_id,
    j.amount_micros,
    0
from journal j
left join top_ups t
    on t.shard_id = j.shard_id and t.organization_id = j.organization_id and t.top_up_id = j.top_up_id
where j.shard_id = $1 and j.top_up_id is not null and t.top_up_id is null
order by 1, 2
limit $2
