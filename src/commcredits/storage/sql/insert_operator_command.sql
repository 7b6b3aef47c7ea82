-- Remembers a command of the operator in the transaction that does it; no row comes back when it was done before.
insert into commands (shard_id, organization_id, operation, command_id, content, answer, at)
values ($1, '00000000-0000-0000-0000-000000000000', $2, $3, $4, $5, $6)
on conflict do nothing
returning command_id
