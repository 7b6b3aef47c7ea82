-- Forgets that there were exports which were asked for before $2 and are not there any more; of all organizations, for time
-- brings it, at most $3.
delete from call_exports e
where e.shard_id = $1
    and (e.organization_id, e.export_id) in (
        select old.organization_id, old.export_id
        from call_exports old
        where old.shard_id = $1 and old.state in ('removed', 'failed') and old.requested_at < $2
        limit $3
    )
