-- How many users call by the plan of this resource account.
select count(*)
from parties p
where p.shard_id = $1 and p.organization_id = $2 and p.shared_calling_account = $3
