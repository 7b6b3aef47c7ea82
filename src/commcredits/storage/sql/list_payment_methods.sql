-- An organization's payment methods, oldest first; with the removed ones where wanted.
select m.*
from payment_methods m
where m.shard_id = $1 and m.organization_id = $2 and ($3 or m.removed_at is null)
order by m.payment_method_id
