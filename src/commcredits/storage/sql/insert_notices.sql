-- Things to tell, each unless one of its kind and key is known; returns how many are new.
with new as (
    insert into notices (shard_id, organization_id, notice_id, kind, key, facts, noticed_at)
    select $1, n.organization_id, n.notice_id, n.kind, n.key, n.facts, $7
    from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[]) as n (
        organization_id, notice_id, kind, key, facts
    )
    on conflict (shard_id, organization_id, kind, key) do nothing
    returning 1
)
select count(*) from new
