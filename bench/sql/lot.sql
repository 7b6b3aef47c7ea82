-- What never changes about a lot.
select source, purchased_at, expires_at
from fund_lots
where shard_id = $1 and organization_id = $2 and lot_id = $3
