-- How far the shard's journal has been added up by day; the row is the operator's.
select p.summed_to
from journal_progress p
where p.shard_id = $1 and p.organization_id = '00000000-0000-0000-0000-000000000000'
