-- Which of these days have calls that run.
select distinct d.begins_at
from live_calls l
join call_sessions s
    on s.shard_id = l.shard_id and s.organization_id = l.organization_id and s.session_id = l.session_id
join unnest($3::timestamptz[], $4::timestamptz[]) as d (begins_at, ends_at)
    on s.authorised_at >= d.begins_at and s.authorised_at < d.ends_at
where l.shard_id = $1 and l.organization_id = $2
