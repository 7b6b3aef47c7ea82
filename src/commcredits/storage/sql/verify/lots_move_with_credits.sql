-- Transfers that move customer credits on no lot, or name a lot though they move none.
select j.organization_id, 'transfer ' || j.transfer_id as subject, 0 as expected, j.amount_micros as found
from journal j
where j.shard_id = $1
    and (j.lot_id is not null) <> ('customer_credits' in (j.source, j.target))
order by 1, 2
limit $2
