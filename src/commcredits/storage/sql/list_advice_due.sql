-- Organizations whose advice was worked out before $2 or never, and that had a call since $3: a page of them in order of
-- id, after a given one. The operator's worker asks this of everybody.
select o.organization_id, o.currency, o.time_zone
from organizations o
left join advice a on a.shard_id = o.shard_id and a.organization_id = o.organization_id and a.part = 'spending'
where o.shard_id = $1
    and o.organization_id > $4
    and o.status <> 'closed'
    and (a.worked_out_at is null or a.worked_out_at < $2)
    and exists (
        select
        from call_sessions s
        where s.shard_id = o.shard_id
            and s.organization_id = o.organization_id
            and s.authorised_at > '2000-01-01T00:00:00Z'
            and s.authorised_at >= $3
    )
order by o.organization_id
limit $5
