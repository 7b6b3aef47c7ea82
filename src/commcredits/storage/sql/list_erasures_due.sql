-- Where calls of the organizations $2 wait to be looked at whose records are kept for one of $3 days, or where a walk that
-- came to its end before $5 may begin anew. $4 is now.
select o.organization_id, d.days, e.through_at, e.through_session_id, e.began_at, waits.call_there
from unnest($2::uuid[]) as o (organization_id)
cross join unnest($3::integer[]) as d (days)
left join call_erasures e
    on e.shard_id = $1 and e.organization_id = o.organization_id and e.retention_days = d.days
cross join lateral (
    select exists (
        select
        from call_sessions s
        where s.shard_id = $1
            and s.organization_id = o.organization_id
            -- Every call meets this; it names the index that listings use.
            and s.authorised_at > '2000-01-01T00:00:00Z'
            and (s.authorised_at, s.session_id)
            > (coalesce(e.through_at, '2000-01-01T00:00:00Z'), coalesce(e.through_session_id, ''))
            and s.authorised_at < $4::timestamptz - make_interval(days => d.days)
    ) as call_there
) waits
where waits.call_there or e.began_at < $5::timestamptz and e.through_at > '2000-01-02T00:00:00Z'
order by o.organization_id, d.days
