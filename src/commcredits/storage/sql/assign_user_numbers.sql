-- Gives numbers of the organization to users; whoever does holds the roster's lock and has looked at the numbers.
update phone_numbers n
set purpose = 'person', party_id = given.party_id
from unnest($3::text[], $4::uuid[]) as given (number, party_id)
cross join lateral (
    select k.ctid as row_id
    from phone_numbers k
    where k.shard_id = $1 and k.organization_id = $2 and k.number = given.number
    offset 0
) known
where n.ctid = known.row_id
