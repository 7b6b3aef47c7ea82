-- Adjustments that were approved and are not applied yet, oldest first, from the one after an id on.
select d.*
from adjustments d
where d.shard_id = $1 and d.state = 'approved' and d.adjustment_id > $3
order by d.adjustment_id
limit $2
