-- Those of the given pools that are used to a given share of their minutes, in percent, and how much of them.
select p.organization_id, p.key, p.period, p.minutes, m.used
from unnest($2::uuid[], $3::text[], $4::text[], $5::bigint[]) as p (organization_id, key, period, minutes)
join meters m
    on m.shard_id = $1 and m.organization_id = p.organization_id and m.key = p.key and m.period = p.period
where m.used * 100 >= p.minutes * $6
