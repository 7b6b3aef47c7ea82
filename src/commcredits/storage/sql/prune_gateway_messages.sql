-- Forgets messages of gateways from before an id, oldest first, but for those whose event still waits or has failed; returns
-- how many. They belong to the operator, and their ids sort by the time they came at.
with unsettled as materialized (
    select e.message_id
    from gateway_events e
    where e.shard_id = $1
        and e.organization_id = '00000000-0000-0000-0000-000000000000'
        and e.state in ('waiting', 'failed')
        and e.message_id is not null
),
old as (
    select m.message_id
    from gateway_messages m
    where m.shard_id = $1
        and m.organization_id = '00000000-0000-0000-0000-000000000000'
        and m.message_id < $2::uuid
        and not exists (select from unsettled u where u.message_id = m.message_id)
    order by m.message_id
    limit $3
),
gone as (
    delete from gateway_messages m
    using old
    where m.shard_id = $1
        and m.organization_id = '00000000-0000-0000-0000-000000000000'
        and m.message_id = old.message_id
    returning 1
)
select count(*) from gone
