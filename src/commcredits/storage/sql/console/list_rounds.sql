-- When each round of the worker last ran: the operator's own rows.
select *
from worker_rounds w
where w.shard_id = $1 and w.organization_id = '00000000-0000-0000-0000-000000000000'
order by w.name
