-- What moved between two instants, by quarters of an hour, for whoever adds it to the days of each organization's zone: of
-- one organization where it is named, else of everybody, for the worker.
select
    j.organization_id,
    o.time_zone,
    date_bin('15 minutes', j.at, '2000-01-01T00:00:00Z') as begins_at,
    j.source,
    j.target,
    j.reason,
    count(*) as transfers,
    sum(j.amount_micros)::bigint as amount_micros
from journal j
join organizations o on o.shard_id = j.shard_id and o.organization_id = j.organization_id
where j.shard_id = $1
    and j.at >= $2
    and j.at < $3
    and ($4::uuid is null or j.organization_id = $4)
group by j.organization_id, o.time_zone, begins_at, j.source, j.target, j.reason
