-- Ends visits of whoever has this one: one of them, or all the others.
update visits v
set ended_at = $6
where
    v.shard_id = $1
    and v.organization_id = $2
    and v.administrator_id is not distinct from $3::uuid
    and (v.administrator_id is not null or v.way = $4)
    and v.visit_id <> $5
    and ($7::uuid is null or v.visit_id = $7)
    and v.ended_at is null
returning v.visit_id
