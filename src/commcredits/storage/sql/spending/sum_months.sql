-- Sum the days of these months of an organization.
insert into spending_months (
    shard_id, organization_id, dimension, month, key, name, calls, seconds, pool_minutes, charged_micros
)
select
    $1, $2, d.dimension, m.month, d.key, d.name,
    sum(d.calls), sum(d.seconds), sum(d.pool_minutes), sum(d.charged_micros)
from unnest($3::date[]) as m (month)
join spending_days d
    on d.shard_id = $1
    and d.organization_id = $2
    and d.dimension = any (array['service', 'department', 'user', 'destination', 'capability', 'pool', 'dial_out'])
    and d.day >= m.month
    and d.day < (m.month + interval '1 month')::date
group by d.dimension, m.month, d.key, d.name
