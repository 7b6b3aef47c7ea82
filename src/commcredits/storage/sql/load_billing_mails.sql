-- The billing mails of those of these organizations that have chosen nobody to hear of notices.
select o.organization_id, b.details::jsonb ->> 'mail' as address, o.language
from organizations o
join billing_details b on b.shard_id = o.shard_id and b.organization_id = o.organization_id
where o.shard_id = $1
    and o.organization_id = any($2::uuid[])
    and b.details::jsonb ->> 'mail' <> ''
    and not exists (
        select 1
        from notice_recipients r
        where r.shard_id = o.shard_id and r.organization_id = o.organization_id
    )
