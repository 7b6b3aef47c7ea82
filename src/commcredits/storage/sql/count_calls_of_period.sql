-- How many of an organization's calls began within a period.
select count(*)
from call_sessions s
where s.shard_id = $1
    and s.organization_id = $2
    -- A call whose number was erased cannot be rated any more.
    and s.erased_at is null
    -- Every call meets this; it names the index that listings use.
    and s.authorised_at > '2000-01-01T00:00:00Z'
    and s.authorised_at >= $3
    and s.authorised_at < $4
