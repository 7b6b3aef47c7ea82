-- Blocks of all organizations, newest first, before a given instant and id; those in force alone if asked. The operator's own
-- list. A user's are told with their name, as long as they are there.
select
    b.organization_id,
    o.name,
    o.currency,
    b.block_id,
    b.kind,
    b.subject,
    b.reason,
    b.limit_micros,
    b.spent_micros,
    b.period,
    b.blocked_at,
    b.lifted_at,
    b.lifted_by,
    b.lift_reason,
    p.display_name,
    p.user_principal_name
from blocks b
join organizations o on o.shard_id = b.shard_id and o.organization_id = b.organization_id
left join lateral (
    select p.display_name, p.user_principal_name
    from parties p
    where p.shard_id = $1
        and p.organization_id = b.organization_id
        and p.party_id = case b.kind when 'user' then b.subject::uuid end
    offset 0
) p on true
where b.shard_id = $1
    and (b.blocked_at, b.block_id) < ($2, $3::uuid)
    and (b.lifted_at is null or not $4::boolean)
    and ($5::uuid is null or b.block_id = $5)
order by b.blocked_at desc, b.block_id desc
limit $6
