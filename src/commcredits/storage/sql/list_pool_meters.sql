-- The meters of an organization's shared minute pools in one month; those of single users' minutes are counted elsewhere.
select m.key, m.used, m.held, m.reached_at
from meters m
where m.shard_id = $1
    and m.organization_id = $2
    and m.key >= 'pool:'
    and m.key < 'pool;'
    and not starts_with(m.key, $4)
    and m.period = $3
order by m.key
