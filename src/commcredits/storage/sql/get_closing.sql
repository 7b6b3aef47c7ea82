-- How far an organization's closing is, and what it waits for.
select
    c.organization_id,
    c.remainder,
    c.requested_by,
    c.requested_at,
    c.closed_at,
    exists (
        select from live_calls l where l.shard_id = $1 and l.organization_id = $2
    ) as calls_in_progress,
    exists (
        select
        from top_ups t
        where t.shard_id = $1
            and t.organization_id = $2
            and t.state in ('due', 'sent', 'processing', 'action_required', 'unknown', 'disputed')
    ) as payments_open,
    exists (
        select
        from refunds r
        where r.shard_id = $1 and r.organization_id = $2 and r.state in ('sent', 'processing', 'unknown')
    ) as refunds_open
from closings c
where c.shard_id = $1 and c.organization_id = $2
