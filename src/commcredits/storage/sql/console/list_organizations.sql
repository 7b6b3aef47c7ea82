-- Organizations for the operator, in order of name, from the one after a name and id on: what each has, holds and owes, its
-- calls in progress, how auto-recharge stands, and what somebody should look at. Narrowed by a part of the name or an id,
-- by status, and to those that need attention. Names every organization, for it is the operator's own list.
with named as (
    select o.*
    from organizations o
    where o.shard_id = $1
        and (o.name, o.organization_id) > ($2, $3::uuid)
        and ($4::text = '' or o.name ilike $4)
        and ($5::uuid is null or o.organization_id = $5)
        -- A sandbox is found by its id alone.
        and (o.sandbox_of is null or $5::uuid is not null)
        and ($6::text = '' or o.status = $6)
        and (
            not $7::boolean
            or exists (
                select
                from recharge_rules r
                where r.shard_id = o.shard_id
                    and r.organization_id = o.organization_id
                    and (r.suspended or (r.enabled and r.paused is not null))
            )
            or exists (
                select
                from blocks b
                where b.shard_id = o.shard_id and b.organization_id = o.organization_id and b.lifted_at is null
            )
            or exists (
                select
                from accounts a
                where a.shard_id = o.shard_id and a.organization_id = o.organization_id and a.owed_micros > 0
            )
            or o.status = 'closing'
        )
    order by o.name, o.organization_id
    limit $8
)
select
    o.organization_id,
    o.name,
    o.country,
    o.currency,
    o.status,
    o.post_usage,
    o.rate_deck_id,
    o.created_at,
    d.name as rate_deck_name,
    a.owed_micros,
    a.held_micros,
    coalesce(lots.free_micros, 0)::bigint as available_micros,
    r.enabled as recharge_enabled,
    r.suspended as recharge_suspended,
    r.paused as recharge_paused,
    live.count as live_calls,
    blocked.count as blocks_in_force,
    flagged.count as flags
from named o
join accounts a on a.shard_id = o.shard_id and a.organization_id = o.organization_id
left join recharge_rules r on r.shard_id = o.shard_id and r.organization_id = o.organization_id
left join rate_decks d
    on d.shard_id = o.shard_id
    and d.organization_id = '00000000-0000-0000-0000-000000000000'
    and d.rate_deck_id = o.rate_deck_id
cross join lateral (
    select sum(left_over.free_micros) as free_micros
    from unnest(a.lot_ids, a.lot_free_micros) as left_over (lot_id, free_micros)
    join fund_lots l
        on l.shard_id = a.shard_id
        and l.organization_id = a.organization_id
        and l.lot_id = left_over.lot_id
        and l.expires_at > $9
        and l.source <> 'post_usage'
) lots
cross join lateral (
    select count(*) as count
    from live_calls c
    where c.shard_id = o.shard_id and c.organization_id = o.organization_id
) live
cross join lateral (
    select count(*) as count
    from blocks b
    where b.shard_id = o.shard_id and b.organization_id = o.organization_id and b.lifted_at is null
) blocked
cross join lateral (
    select count(*) as count
    from call_flags f
    where f.shard_id = o.shard_id
        and f.organization_id = o.organization_id
        and f.noticed_at > $9 - interval '7 days'
) flagged
order by o.name, o.organization_id
