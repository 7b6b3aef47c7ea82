-- When the first call of an organization began.
select s.authorised_at
from call_sessions s
where s.shard_id = $1
    and s.organization_id = $2
    -- Every call meets this; it names the index that listings use.
    and s.authorised_at > '2000-01-01T00:00:00Z'
order by s.authorised_at
limit 1
