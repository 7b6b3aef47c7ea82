-- How many of an organization's users or resource accounts meet a filter.
select count(*)
from parties p
where p.shard_id = $1
    and p.organization_id = $2
    and p.kind = $3
    and ($4 = ''
        or strpos(lower(p.display_name), lower($4)) > 0
        or strpos(lower(p.user_principal_name), lower($4)) > 0
    )
    and ($5::text is null or p.department = $5)
    and ($6::text is null or p.usage_location = $6)
    and ($7 = '' or $7 = any (p.licences))
    and ($8 = '' or $8 <> all (p.licences))
