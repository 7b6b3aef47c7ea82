-- Adjustments that were approved and are not applied yet, oldest first.
select d.*
from adjustments d
where d.shard_id = $1 and d.state = 'approved'
order by d.adjustment_id
limit $2
