-- The remembered answers to these commands. Probed one by one, whatever the planner believes: see commit_batch.sql.
select known.*
from unnest($2::uuid[], $3::text[], $4::text[]) as wanted (organization_id, operation, command_id)
cross join lateral (
    select c.organization_id, c.operation, c.command_id, c.content, c.answer
    from commands c
    where c.shard_id = $1
        and c.organization_id = wanted.organization_id
        and c.operation = wanted.operation
        and c.command_id = wanted.command_id
    offset 0
) known
