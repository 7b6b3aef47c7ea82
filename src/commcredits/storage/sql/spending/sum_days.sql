-- Sum the calls of these days of an organization, each from where it begins to where it ends.
insert into spending_days (
    shard_id, organization_id, dimension, day, key, name, calls, seconds, pool_minutes, charged_micros
)
select
    $1, $2, c.dimension, d.day, c.key, c.name, count(*), sum(c.seconds), sum(c.pool_minutes), sum(c.charged_micros)
from unnest($3::date[], $4::timestamptz[], $5::timestamptz[]) as d (day, begins_at, ends_at)
join spending_of_calls c
    on c.shard_id = $1
    and c.organization_id = $2
    -- Every call meets this; it names the index that listings use.
    and c.authorised_at > '2000-01-01T00:00:00Z'
    and c.authorised_at >= d.begins_at
    and c.authorised_at < d.ends_at
group by c.dimension, d.day, c.key, c.name
