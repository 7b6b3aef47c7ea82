-- Users and resource accounts of an organization by object id, or with this in their names, those that begin with it first.
select p.party_id, p.kind, p.display_name, p.user_principal_name
from parties p
where p.shard_id = $1
    and p.organization_id = $2
    and (
        p.party_id = $4::uuid
        or strpos(lower(p.display_name), lower($3)) > 0
        or strpos(lower(p.user_principal_name), lower($3)) > 0
    )
order by
    not (starts_with(lower(p.display_name), lower($3)) or starts_with(lower(p.user_principal_name), lower($3))),
    p.display_name,
    p.party_id
limit $5
