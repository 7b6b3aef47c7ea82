-- How far a list of a gateway was read.
select cursor
from gateway_cursors
where shard_id = $1 and organization_id = $2 and gateway = $3 and list = $4
