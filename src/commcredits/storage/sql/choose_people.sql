-- Everybody of an organization who meets a filter, or who has one of these object ids where there are some, in order of
-- display name: the people whose licences are to change together.
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
from parties p
where p.shard_id = $1
    and p.organization_id = $2
    and ($3 = '' or p.kind = $3)
    and ($4 = ''
        or strpos(lower(p.display_name), lower($4)) > 0
        or strpos(lower(p.user_principal_name), lower($4)) > 0
    )
    and ($5::text is null or p.department = $5)
    and ($6::text is null or p.usage_location = $6)
    and ($7 = '' or $7 = any (p.licences))
    and ($8 = '' or $8 <> all (p.licences))
    and ($9::uuid[] is null or p.party_id = any ($9))
order by p.display_name, p.party_id
limit $10
