-- Gives a form back to the visit that sent it, and forgets it.
delete from held_forms h
where h.shard_id = $1 and h.organization_id = $2 and h.visit_id = $3 and h.form_id = $4 and h.held_at > $5
returning h.address, h.fields
