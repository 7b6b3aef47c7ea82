-- Who of an organization hears of notices by mail, oldest first.
select r.recipient_id, r.address, r.language, r.kinds, r.created_at
from notice_recipients r
where r.shard_id = $1 and r.organization_id = $2
order by r.recipient_id
