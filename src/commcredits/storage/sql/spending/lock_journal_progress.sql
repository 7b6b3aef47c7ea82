-- The same, locked for whoever goes on; no row while somebody else does, or nobody has begun.
select p.summed_to
from journal_progress p
where p.shard_id = $1 and p.organization_id = '00000000-0000-0000-0000-000000000000'
for update skip locked
