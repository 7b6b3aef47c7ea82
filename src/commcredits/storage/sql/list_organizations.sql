-- Organizations in order of name, from the one after a given name and id on; sandboxes are left out.
select
    o.organization_id,
    o.name,
    o.country,
    o.currency,
    o.minor_digits,
    o.time_zone,
    o.language,
    o.status,
    o.rate_deck_id,
    o.created_at
from organizations o
where o.shard_id = $1 and o.sandbox_of is null and (o.name, o.organization_id) > ($2, $3::uuid)
order by o.name, o.organization_id
limit $4
