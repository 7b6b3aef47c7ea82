-- Payment methods that can be used, of whatever organization, under a gateway's reference.
select m.*
from payment_methods m
where m.shard_id = $1 and m.gateway = $2 and m.reference = $3 and m.removed_at is null
