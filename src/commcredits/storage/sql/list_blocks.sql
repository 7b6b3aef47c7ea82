-- An organization's blocks, newest first, from the one before a given instant and id on; those in force alone if asked.
-- A user's are told with his name, as long as he is there.
select
    b.block_id,
    b.kind,
    b.subject,
    b.reason,
    b.limit_micros,
    b.spent_micros,
    b.blocked_at,
    b.lifted_at,
    b.lifted_by,
    p.display_name,
    p.user_principal_name
from blocks b
left join lateral (
    select p.display_name, p.user_principal_name
    from parties p
    where p.shard_id = $1
        and p.organization_id = $2
        and p.party_id = case b.kind when 'user' then b.subject::uuid end
    offset 0
) p on true
where b.shard_id = $1
    and b.organization_id = $2
    and (b.blocked_at, b.block_id) < ($3, $4::uuid)
    and (b.lifted_at is null or not $5::boolean)
order by b.blocked_at desc, b.block_id desc
limit $6
