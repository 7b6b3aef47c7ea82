-- Locks those of these numbers that are in the operator's stock, in one order, until the transaction ends.
select s.number
from number_stock s
where s.shard_id = $1 and s.organization_id = '00000000-0000-0000-0000-000000000000' and s.number = any ($2::text[])
order by s.number
for update
