-- An organization's meters of one kind in one period, those that have counted the most first, with the user that one is of.
select m.key, m.used, m.held, m.reached_at, p.party_id, p.display_name, p.user_principal_name
from meters m
left join lateral (
    select p.party_id, p.display_name, p.user_principal_name
    from parties p
    where p.shard_id = $1
        and p.organization_id = $2
        and p.party_id = case when $5::boolean then substr(m.key, length($3) + 1)::uuid end
    offset 0
) p on true
where m.shard_id = $1
    and m.organization_id = $2
    and starts_with(m.key, $3)
    and m.period = $4
order by m.used + m.held desc, m.key
limit $6
