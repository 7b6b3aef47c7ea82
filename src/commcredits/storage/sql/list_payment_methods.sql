-- An organization's payment methods, oldest first.
select m.*
from payment_methods m
where m.shard_id = $1 and m.organization_id = $2
order by m.payment_method_id
