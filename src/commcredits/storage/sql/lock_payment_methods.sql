-- All payment methods of an organization, locked in order of id, so that roles and removals come one after another.
select m.*
from payment_methods m
where m.shard_id = $1 and m.organization_id = $2
order by m.payment_method_id
for update
