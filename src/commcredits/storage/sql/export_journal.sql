-- All transfers of a period in order of time, with the organization and the receipt that each belongs to.
select
    j.transfer_id,
    j.at,
    j.organization_id,
    o.name,
    o.currency,
    j.source,
    j.target,
    j.amount_micros,
    j.reason,
    j.lot_id,
    j.session_id,
    j.top_up_id,
    r.number as document
from journal j
join organizations o on o.shard_id = j.shard_id and o.organization_id = j.organization_id
left join receipts r
    on r.shard_id = j.shard_id
    and r.organization_id = j.organization_id
    and r.cause = 'top_up'
    and r.subject_id = j.top_up_id
    and j.reason in ('top_up', 'tax', 'gateway_fee')
where j.shard_id = $1
    and o.sandbox_of is null
    and j.at >= $2
    and j.at < $3
    and ($4::uuid is null or j.organization_id = $4)
order by j.at, j.transfer_id
