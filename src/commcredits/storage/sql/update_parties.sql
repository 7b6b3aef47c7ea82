-- Users and resource accounts as they are from now on; whoever makes the change holds the roster's lock.
update parties p
-- Found by key and ctid, whatever the planner believes of the table: see commit_batch.sql.
set user_principal_name = t.user_principal_name,
    display_name = t.display_name,
    usage_location = t.usage_location,
    department = t.department,
    -- Arrays of unequal length travel as one text each.
    licences = string_to_array(t.licences, ','),
    conference_dial_out = t.conference_dial_out,
    user_dial_out = t.user_dial_out,
    premium_allowed = t.premium_allowed,
    toll_free_allowed = t.toll_free_allowed,
    monthly_cap_micros = t.monthly_cap_micros,
    shared_calling_account = t.shared_calling_account
from unnest(
    $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::boolean[],
    $12::boolean[], $13::bigint[], $14::uuid[]
) as t (
    party_id, user_principal_name, display_name, usage_location, department, licences, conference_dial_out,
    user_dial_out, premium_allowed, toll_free_allowed, monthly_cap_micros, shared_calling_account
)
cross join lateral (
    select k.ctid as row_id
    from parties k
    where k.shard_id = $1 and k.organization_id = $2 and k.party_id = t.party_id
    offset 0
) known
where p.ctid = known.row_id
