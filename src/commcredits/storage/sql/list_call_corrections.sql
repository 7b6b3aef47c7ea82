-- What was given back of a call after it was over, in order; the conditions are those of the index of corrections.
select j.at, j.reason, j.amount_micros, j.lot_id
from journal j
where j.shard_id = $1
    and j.organization_id = $2
    and j.session_id = $3
    and j.reason in ('call_correction', 'debt_correction')
order by j.at, j.transfer_id
