-- Who of these organizations hears of notices by mail.
select r.organization_id, r.address, r.language, r.kinds
from notice_recipients r
where r.shard_id = $1 and r.organization_id = any($2::uuid[])
order by r.organization_id, r.recipient_id
