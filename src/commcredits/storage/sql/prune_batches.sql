-- Forgets batch ids that no lost connection can ask about any more; returns how many.
with gone as (
    delete from batches b
    where b.shard_id = $1
        and b.organization_id = '00000000-0000-0000-0000-000000000000'
        and b.at < $2
    returning 1
)
select count(*) from gone
