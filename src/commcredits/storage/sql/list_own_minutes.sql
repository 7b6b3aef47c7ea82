-- The users of an organization who have minutes for themselves, or had and used some, with what is left of them in a month;
-- those with the fewest left first.
select
    p.party_id,
    p.display_name,
    p.user_principal_name,
    p.usage_location,
    own.total,
    coalesce(m.used, 0) as used,
    coalesce(m.held, 0) as held,
    greatest(0, own.total - coalesce(m.used, 0) - coalesce(m.held, 0)) as available
from parties p
cross join lateral (select case when $5 = any (p.licences) then $6::bigint else 0 end as total) own
left join meters m
    on m.shard_id = $1
    and m.organization_id = $2
    and m.key = $4 || p.party_id::text
    and m.period = $3
where p.shard_id = $1
    and p.organization_id = $2
    and ($5 = any (p.licences) or m.used > 0 or m.held > 0)
order by available, used desc, p.display_name, p.party_id
limit $7
