-- Ends every visit of an administrator, but for the one that may go on.
update visits v
set ended_at = $4
where
    v.shard_id = $1
    and v.organization_id = $2
    and v.administrator_id = $3
    and v.visit_id is distinct from $5::uuid
    and v.ended_at is null
