-- Whose running call this is, by its id alone: reads through the running calls, so it is for the rare case.
select l.organization_id
from live_calls l
where l.shard_id = $1 and l.session_id = $2
limit 1
