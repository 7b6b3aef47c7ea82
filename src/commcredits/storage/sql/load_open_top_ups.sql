-- The top-ups of these organizations whose payment is not settled, or disputed, oldest first. Probed organization by organization,
-- whatever the planner believes of the table: see commit_batch.sql.
select known.*
from unnest($2::uuid[]) as wanted (organization_id)
cross join lateral (
    select t.*
    from top_ups t
    where t.shard_id = $1
        and t.organization_id = wanted.organization_id
        and t.state in ('due', 'sent', 'processing', 'action_required', 'unknown', 'disputed')
    offset 0
) known
order by known.organization_id, known.top_up_id
