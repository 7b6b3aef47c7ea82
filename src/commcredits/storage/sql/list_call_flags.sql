-- What was noticed about calls, newest first, from the one before a given place on; one organization's alone if asked.
select f.organization_id, f.session_id, f.kind, f.noticed_at, f.facts
from call_flags f
where f.shard_id = $1
    and (f.noticed_at, f.organization_id, f.session_id, f.kind) < ($2, $3::uuid, $4, $5)
    and ($6::uuid is null or f.organization_id = $6)
order by f.noticed_at desc, f.organization_id desc, f.session_id desc, f.kind desc
limit $7
