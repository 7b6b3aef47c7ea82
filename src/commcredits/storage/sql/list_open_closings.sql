-- Organizations that close, from the one after a given id on; also closed ones that funds have come back to.
select c.organization_id, c.remainder
from closings c
join accounts a on a.shard_id = c.shard_id and a.organization_id = c.organization_id
where c.shard_id = $1
    and c.organization_id > $2
    and (c.closed_at is null or a.posted_micros > 0)
order by c.organization_id
limit $3
