-- When users of an organization were blocked and unblocked from $3 to $4, in order of time after the event at $5, $6: one
-- event for a block, one more where it was lifted. Their number is the first that they have.
select
    e.at,
    e.event_id,
    e.block_id,
    e.blocked,
    e.reason,
    e.period,
    e.party_id,
    p.display_name,
    p.user_principal_name,
    (
        select min(n.number)
        from phone_numbers n
        where n.shard_id = $1 and n.organization_id = $2 and n.party_id = e.party_id
    ) as number
from (
    select
        b.blocked_at as at, b.block_id::text || '/1' as event_id, b.block_id, true as blocked, b.reason, b.period,
        b.subject::uuid as party_id
    from blocks b
    where b.shard_id = $1 and b.organization_id = $2 and b.kind = 'user' and b.blocked_at between $3 and $4
    union all
    select b.lifted_at, b.block_id::text || '/2', b.block_id, false, b.reason, b.period, b.subject::uuid
    from blocks b
    where b.shard_id = $1 and b.organization_id = $2 and b.kind = 'user' and b.lifted_at between $3 and $4
) e
left join parties p
    on p.shard_id = $1 and p.organization_id = $2 and p.party_id = e.party_id
where (e.at, e.event_id) > ($5::timestamptz, $6::text)
order by e.at, e.event_id
limit $7
