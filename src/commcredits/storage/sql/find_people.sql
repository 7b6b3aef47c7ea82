-- An organization's users or resource accounts that meet a filter, in order of display name, from a place in the list on.
select
    p.party_id,
    p.kind,
    p.user_principal_name,
    p.display_name,
    p.usage_location,
    p.department,
    p.licences,
    p.conference_dial_out,
    p.user_dial_out,
    p.premium_allowed,
    p.toll_free_allowed,
    p.monthly_cap_micros,
    p.shared_calling_account,
    p.created_at,
    array(
        select n.number
        from phone_numbers n
        where n.shard_id = $1 and n.organization_id = $2 and n.party_id = p.party_id
    ) as numbers
from parties p
where p.shard_id = $1
    and p.organization_id = $2
    -- True of everybody; it names the index of this order.
    and p.created_at > '2000-01-01T00:00:00Z'
    and p.kind = $3
    and ($4 = ''
        or strpos(lower(p.display_name), lower($4)) > 0
        or strpos(lower(p.user_principal_name), lower($4)) > 0
    )
    and ($5::text is null or p.department = $5)
    and ($6::text is null or p.usage_location = $6)
    and ($7 = '' or $7 = any (p.licences))
    and ($8 = '' or $8 <> all (p.licences))
    and (p.display_name, p.party_id) > ($9, $10)
order by p.display_name, p.party_id
limit $11
