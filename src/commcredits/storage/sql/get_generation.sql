-- How often the operator-wide data of one subject has moved; no row before it moved at all.
select g.generation
from generations g
where g.shard_id = $1 and g.organization_id = '00000000-0000-0000-0000-000000000000' and g.subject = $2
