-- Writes down that mails and webhooks were made of these notices.
update notices n
set handed_on_at = $4
from unnest($2::uuid[], $3::uuid[]) as done (organization_id, notice_id)
where n.shard_id = $1 and n.organization_id = done.organization_id and n.notice_id = done.notice_id
