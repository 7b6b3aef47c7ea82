-- Whose usage is asked for: a user or resource account of the organization by sign-in name, in whatever case.
select p.party_id
from parties p
where p.shard_id = $1
    and p.organization_id = $2
    -- Everybody meets this; it names the index of look-ups by name.
    and p.user_principal_name <> ''
    and lower(p.user_principal_name) = lower($3)
