-- Forgets batch ids that no lost connection can ask about any more; returns how many. Ids sort by the time they were made at,
-- so this reads the old end of the primary key and nothing else.
with gone as (
    delete from batches b
    where b.shard_id = $1
        and b.organization_id = '00000000-0000-0000-0000-000000000000'
        and b.batch_id < $2::uuid
    returning 1
)
select count(*) from gone
