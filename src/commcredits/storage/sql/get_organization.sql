-- One organization.
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
where o.shard_id = $1 and o.organization_id = $2
