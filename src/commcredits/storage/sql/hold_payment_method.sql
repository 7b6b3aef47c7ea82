-- One payment method of an organization; waits for whoever is removing it, so that it is read as removed or is in use.
select m.*
from payment_methods m
where m.shard_id = $1 and m.organization_id = $2 and m.payment_method_id::text = $3
for share
