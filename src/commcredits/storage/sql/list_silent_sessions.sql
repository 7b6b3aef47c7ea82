-- Live calls whose grant has ended without a word from their switch.
select s.organization_id, s.session_id, s.grant_number
from call_sessions s
where s.shard_id = $1 and s.live and s.grant_ends_at <= $2
limit $3
