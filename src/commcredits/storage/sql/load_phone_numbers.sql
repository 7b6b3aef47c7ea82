-- The telephone numbers that are newer than a generation, oldest first.
select n.number, n.organization_id, n.generation
from phone_numbers n
where n.shard_id = $1 and n.generation > 0 and n.generation > $2
order by n.generation
