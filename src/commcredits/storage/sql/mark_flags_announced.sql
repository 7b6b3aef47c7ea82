-- Writes down that the operator's log was told of these flags.
update call_flags f
set announced_at = $5
from unnest($2::uuid[], $3::text[], $4::text[]) as told (organization_id, session_id, kind)
where f.shard_id = $1
    and f.organization_id = told.organization_id
    and f.session_id = told.session_id
    and f.kind = told.kind
