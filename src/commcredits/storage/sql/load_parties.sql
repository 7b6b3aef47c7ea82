-- Users and resource accounts of these organizations, each named by its object id or its user principal name.
select wanted.name, p.*
from unnest($2::uuid[], $3::text[], $4::uuid[]) as wanted (organization_id, name, party_id)
cross join lateral (
    select *
    from parties p
    where p.shard_id = $1 and p.organization_id = wanted.organization_id and p.party_id = wanted.party_id
    offset 0
) p
union all
select wanted.name, p.*
from unnest($2::uuid[], $3::text[], $4::uuid[]) as wanted (organization_id, name, party_id)
cross join lateral (
    select *
    from parties p
    where p.shard_id = $1
        and p.organization_id = wanted.organization_id
        and lower(p.user_principal_name) = wanted.name
        -- True of everybody; it names the index by name.
        and p.user_principal_name <> ''
    offset 0
) p
where wanted.party_id is null
