-- An organization's telephone numbers that meet a filter, with whoever each serves, in order of the number.
select
    n.organization_id,
    n.number,
    n.kind,
    n.display_name,
    n.purpose,
    n.party_id,
    n.created_at,
    p.kind as holder_kind,
    p.display_name as holder_name,
    p.user_principal_name as holder_principal_name
from phone_numbers n
left join lateral (
    select p.kind, p.display_name, p.user_principal_name
    from parties p
    where p.shard_id = $1 and p.organization_id = $2 and p.party_id = n.party_id
    offset 0
) p on true
where n.shard_id = $1
    and n.organization_id = $2
    and n.number > $3
    and ($4 = '' or n.kind = $4)
    and ($5 = '' or n.purpose = $5)
    and ($6 = '' or position($6 in n.number) > 0)
order by n.number
limit $7
