-- Organizations whose rules limit what a day of calls to one country may cost, in order of id, from the one after a given
-- id on.
select r.organization_id, o.time_zone
from rosters r
join organizations o on o.shard_id = r.shard_id and o.organization_id = r.organization_id
where r.shard_id = $1
    and r.organization_id > $2
    and r.roster::jsonb #>> '{limits,destination_daily_max_micros}' is not null
    and o.status <> 'closed'
order by r.organization_id
limit $3
