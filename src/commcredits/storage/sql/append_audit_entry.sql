-- Puts an entry at the end of an organization's chain, or of the operator's where there is no such organization. The
-- lock of the chain's head is held for this one statement; $4 is the digest of what the entry says.
with place as (
    select coalesce(
        (select o.organization_id from organizations o where o.shard_id = $1 and o.organization_id = $2::uuid), $3::uuid
    ) as organization_id
),

beginning as (
    select p.organization_id, sha256(convert_to('commcredits audit ' || p.organization_id::text, 'UTF8')) as previous
    from place p
),

head as (
    insert into audit_heads as h (shard_id, organization_id, sequence, previous, hash)
    select $1, b.organization_id, 1, b.previous, sha256(b.previous || $4::bytea)
    from beginning b
    on conflict (shard_id, organization_id) do update
    set sequence = h.sequence + 1, previous = h.hash, hash = sha256(h.hash || $4::bytea)
    returning h.organization_id, h.sequence, h.previous, h.hash
)

insert into audit_entries (
    shard_id, organization_id, sequence, previous, hash, at, actor_kind, actor_id, actor_name, roles, edge, source,
    operation, answers, outcome, subject, code, reason, parameters, before, after
)
select
    $1, h.organization_id, h.sequence, h.previous, h.hash, $5, $6, $7, $8, $9::text[], $10, $11,
    $12, $13, $14, $15, $16, $17, $18, $19, $20
from head h
returning organization_id, sequence
