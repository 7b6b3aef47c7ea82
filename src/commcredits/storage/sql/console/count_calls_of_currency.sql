-- How many calls of each organization of a currency began between two instants; those with none are left out, and
-- sandboxes. For the operator's margins, over all organizations.
select o.organization_id, o.name, counted.calls
from organizations o
cross join lateral (
    select count(*) as calls
    from call_sessions s
    where s.shard_id = o.shard_id
        and s.organization_id = o.organization_id
        -- Every call meets this; it names the index that listings use.
        and s.authorised_at > '2000-01-01T00:00:00Z'
        and s.authorised_at >= $3
        and s.authorised_at < $4
) counted
where o.shard_id = $1 and o.currency = $2 and o.sandbox_of is null and counted.calls > 0
order by o.organization_id
