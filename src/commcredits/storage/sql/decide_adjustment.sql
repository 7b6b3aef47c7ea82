-- Somebody agrees to a pending adjustment, or does not; no row comes back when it is not pending any more.
update adjustments d
set state = $4, decided_by = $5, decided_at = $6, decided_actor = $7
where d.shard_id = $1 and d.organization_id = $2 and d.adjustment_id = $3 and d.state = 'pending'
returning d.adjustment_id
