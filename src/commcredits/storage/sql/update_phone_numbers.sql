-- Writes what numbers of the organization are called and what they are for; whoever does has locked them.
update phone_numbers n
set display_name = given.display_name, purpose = given.purpose, party_id = given.party_id
from unnest($3::text[], $4::text[], $5::text[], $6::uuid[]) as given (number, display_name, purpose, party_id)
cross join lateral (
    select k.ctid as row_id
    from phone_numbers k
    where k.shard_id = $1 and k.organization_id = $2 and k.number = given.number
    offset 0
) known
where n.ctid = known.row_id
