-- The visit that a cookie's secret opens, unless it is over; of any organization, for the secret alone says which.
select
    v.organization_id,
    v.visit_id,
    v.administrator_id,
    v.way,
    v.detail,
    -- As they are now, whatever they were at sign-in.
    coalesce(a.roles, v.roles) as roles,
    v.began_at,
    v.seen_at,
    v.proved_at,
    v.source,
    v.browser,
    a.person_id,
    a.name,
    a.address
from visits v
left join administrators a
    on a.shard_id = $1 and a.organization_id = v.organization_id and a.administrator_id = v.administrator_id
where
    v.shard_id = $1
    and v.secret_hash = $2
    and v.ended_at is null
    and v.ends_at >= $3
    and v.seen_at >= $4
    and (v.administrator_id is null or a.state = 'active')
    and (v.way <> 'token' or v.detail = $5)
