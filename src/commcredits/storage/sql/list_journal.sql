-- An organization's transfers, newest first, from the one before a given id on.
select
    j.transfer_id,
    j.at,
    j.source,
    j.target,
    j.amount_micros,
    j.reason,
    j.lot_id,
    j.session_id,
    j.top_up_id
from journal j
where j.shard_id = $1 and j.organization_id = $2 and j.transfer_id < $3
order by j.transfer_id desc
limit $4
