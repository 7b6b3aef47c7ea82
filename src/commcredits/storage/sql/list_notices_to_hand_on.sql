-- Notices of which no mails and webhooks were made yet, oldest first; those that another worker is just handing on are
-- passed over.
select n.organization_id, n.notice_id, n.kind, n.noticed_at
from notices n
where n.shard_id = $1 and n.handed_on_at is null
order by n.notice_id
limit $2
for update skip locked
