-- Removes a user or resource account; calls and reports keep its object id.
delete from parties p
where p.shard_id = $1 and p.organization_id = $2 and p.party_id = $3
