-- Organizations with licences, in order of id, from the one after a given id on, with what their minute pools are made of.
select r.organization_id, o.country, o.time_zone, r.roster
from rosters r
join organizations o on o.shard_id = r.shard_id and o.organization_id = r.organization_id
where r.shard_id = $1 and r.organization_id > $2 and o.status <> 'closed'
order by r.organization_id
limit $3
