-- One user or resource account of an organization by object id, or else by user principal name, with the numbers it has.
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
    and p.party_id = coalesce($3, (
        select named.party_id
        from parties named
        where named.shard_id = $1
            and named.organization_id = $2
            and lower(named.user_principal_name) = lower($4)
            -- True of everybody; it names the index by name.
            and named.user_principal_name <> ''
    ))
