-- Note how far the shard's journal has been added up; the row is the operator's.
insert into journal_progress (shard_id, organization_id, summed_to)
values ($1, '00000000-0000-0000-0000-000000000000', $2)
on conflict (shard_id, organization_id) do update set summed_to = excluded.summed_to
