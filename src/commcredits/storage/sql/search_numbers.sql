-- Telephone numbers of an organization with these digits in them, those that begin with them first, with whoever has each.
select n.number, n.kind, n.purpose, p.display_name as holder_name, p.user_principal_name as holder_principal_name
from phone_numbers n
left join lateral (
    select p.display_name, p.user_principal_name
    from parties p
    where p.shard_id = $1 and p.organization_id = $2 and p.party_id = n.party_id
    offset 0
) p on true
where n.shard_id = $1 and n.organization_id = $2 and position($3 in n.number) > 0
order by position($3 in n.number), n.number
limit $4
