-- Finds out whether a batch whose connection was lost has committed: no row comes back when it has. While it is still
-- under way this waits; when the insert succeeds, it never will commit.
insert into batches (shard_id, organization_id, batch_id)
values ($1, '00000000-0000-0000-0000-000000000000', $2)
on conflict do nothing
returning batch_id
