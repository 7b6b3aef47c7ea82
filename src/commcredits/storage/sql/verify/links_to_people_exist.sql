-- Numbers that serve nobody there is or the wrong kind, and users who call by the plan of no resource account (counted).
select n.organization_id, 'number ' || n.number as subject, 1 as expected, 0 as found
from phone_numbers n
left join parties p
    on p.shard_id = n.shard_id and p.organization_id = n.organization_id and p.party_id = n.party_id
where n.shard_id = $1
    and n.party_id is not null
    and p.kind is distinct from case n.purpose when 'person' then 'user' else 'resource_account' end
union all
select u.organization_id, 'user ' || u.party_id, 1, 0
from parties u
left join parties a
    on a.shard_id = u.shard_id
    and a.organization_id = u.organization_id
    and a.party_id = u.shared_calling_account
    and a.kind = 'resource_account'
where u.shard_id = $1 and u.shared_calling_account is not null and (a.party_id is null or u.kind <> 'user')
order by 1, 2
limit $2
