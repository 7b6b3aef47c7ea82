-- The users and resource accounts of an organization that have one of these object ids, or names in lower case.
-- Each is probed by a key, so that a few are found fast among very many.
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
    p.shared_calling_account
from (
    select by_id.*
    from unnest($3::uuid[]) as wanted (party_id)
    cross join lateral (
        select *
        from parties p
        where p.shard_id = $1 and p.organization_id = $2 and p.party_id = wanted.party_id
        offset 0
    ) by_id
    union
    select by_name.*
    from unnest($4::text[]) as wanted (name)
    cross join lateral (
        select *
        from parties p
        where p.shard_id = $1
            and p.organization_id = $2
            and lower(p.user_principal_name) = wanted.name
            -- True of everybody; it names the index by name.
            and p.user_principal_name <> ''
        offset 0
    ) by_name
) p
