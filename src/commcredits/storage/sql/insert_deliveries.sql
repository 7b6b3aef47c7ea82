-- Deliveries to endpoints that are owed from now on.
insert into webhook_deliveries (
    shard_id, organization_id, delivery_id, endpoint_id, notice_id, state, made_at, next_at
)
select $1, d.organization_id, d.delivery_id, d.endpoint_id, d.notice_id, 'waiting', $6, $6
from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[]) as d (organization_id, delivery_id, endpoint_id, notice_id)
