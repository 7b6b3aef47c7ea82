-- The visits of one administrator that go on, newest first.
select v.visit_id, v.way, v.detail, v.began_at, v.seen_at, v.source, v.browser
from visits v
where
    v.shard_id = $1
    and v.organization_id = $2
    and v.administrator_id is not distinct from $3::uuid
    and (v.administrator_id is not null or v.way = $4)
    and v.ended_at is null
    and v.ends_at >= $5
    and v.seen_at >= $6
order by v.seen_at desc, v.visit_id
limit 100
