-- Adjustments of all organizations, newest first, before a given one: those that wait alone, or all. The operator's own list.
select d.*, o.name
from adjustments d
join organizations o on o.shard_id = d.shard_id and o.organization_id = d.organization_id
where d.shard_id = $1 and d.adjustment_id < $2 and (d.state = 'pending' or not $3::boolean)
order by d.adjustment_id desc
limit $4
