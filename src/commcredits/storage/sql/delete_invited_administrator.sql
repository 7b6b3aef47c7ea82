-- Forgets somebody who was invited and never came.
delete from administrators a
where a.shard_id = $1 and a.organization_id = $2 and a.administrator_id = $3 and a.accepted_at is null
