-- Breakage that was booked before its lot had expired.
select j.organization_id, 'transfer ' || j.transfer_id as subject, 0 as expected, j.amount_micros as found
from journal j
join fund_lots l on l.shard_id = j.shard_id and l.organization_id = j.organization_id and l.lot_id = j.lot_id
where j.shard_id = $1 and j.reason = 'expiry' and j.at < l.expires_at
order by 1, 2
limit $2
