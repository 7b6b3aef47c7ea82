-- Keeps who hears of notices by mail: a known address anew, a new one unless the organization has as many as it may.
insert into notice_recipients as r (
    shard_id, organization_id, recipient_id, address, language, kinds, created_at
)
select $1, $2, $3, $4, $5, $6, $7
where (
    select count(*)
    from notice_recipients k
    where k.shard_id = $1 and k.organization_id = $2 and lower(k.address) <> lower($4)
) < $8
on conflict (shard_id, organization_id, lower(address)) do update
set address = excluded.address, language = excluded.language, kinds = excluded.kinds
returning r.recipient_id, r.address, r.language, r.kinds, r.created_at
