-- Removed payment methods whose gateway has not been told, in order of id, after a given one.
select m.*
from payment_methods m
where m.shard_id = $1 and m.detach_owed and m.payment_method_id > $2
order by m.payment_method_id
limit $3
