-- These numbers of these organizations and whose they are; a number that is nobody's, or somebody else's, is missing.
-- A number is one organization's alone, so it is probed by itself.
select n.organization_id, n.number, n.kind, n.purpose, n.party_id
from unnest($2::uuid[], $3::text[]) as wanted (organization_id, number)
cross join lateral (
    select *
    from phone_numbers n
    where n.shard_id = $1 and n.number = wanted.number
    offset 0
) n
where n.organization_id = wanted.organization_id
