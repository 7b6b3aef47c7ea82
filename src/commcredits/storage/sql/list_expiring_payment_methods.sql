-- Payment methods that can be used and expire from one month to another, in order of id, after a given one.
select m.*
from payment_methods m
where m.shard_id = $1
    and m.removed_at is null
    and m.expiry_year * 12 + m.expiry_month between $2 and $3
    and m.payment_method_id > $4
order by m.payment_method_id
limit $5
