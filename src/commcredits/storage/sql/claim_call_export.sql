-- Takes the export that has waited longest, of any organization, or one whose writer has been silent since $3; one that was
-- tried $4 times is given up. What an earlier writer has left is thrown away.
with next as (
    select e.organization_id, e.export_id, e.attempts
    from call_exports e
    where e.shard_id = $1 and (e.state = 'waiting' or e.state = 'writing' and e.alive_at < $3)
    order by e.requested_at
    limit 1
    for update skip locked
),
thrown_away as (
    delete from call_export_pieces p
    using next n
    where p.shard_id = $1 and p.organization_id = n.organization_id and p.export_id = n.export_id
)
update call_exports e
set state = case when n.attempts < $4 then 'writing' else 'failed' end,
    alive_at = $2,
    attempts = n.attempts + 1,
    calls_written = 0,
    rows_written = 0,
    bytes_written = 0,
    finished_at = case when n.attempts < $4 then null else $2::timestamptz end
from next n
where e.shard_id = $1 and e.organization_id = n.organization_id and e.export_id = n.export_id
returning e.*
