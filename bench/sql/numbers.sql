-- A telephone number for each organization, so that the edges that know a call by its numbers find whose it is.
insert into phone_numbers (shard_id, organization_id, number, kind, display_name, generation, created_at)
select $1, organization_id, number, 'user', '', 1, $4
from unnest($2::uuid[], $3::text[]) as n (organization_id, number)
