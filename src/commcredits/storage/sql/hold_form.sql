-- Keeps a form until its sender has proved who they are.
insert into held_forms (shard_id, organization_id, visit_id, form_id, address, fields, held_at)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (shard_id, organization_id, visit_id) do update
set form_id = excluded.form_id, address = excluded.address, fields = excluded.fields, held_at = excluded.held_at
