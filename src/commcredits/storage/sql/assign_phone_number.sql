-- Says what an organization's number is for and whose it is; one transaction at a time does, by the roster's lock.
update phone_numbers n
set purpose = $4, party_id = $5
where n.shard_id = $1 and n.organization_id = $2 and n.number = $3
returning n.organization_id, n.number, n.kind, n.display_name, n.purpose, n.party_id, n.created_at
