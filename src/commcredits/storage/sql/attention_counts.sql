-- What of an organization is only counted for its home page: $3 says since when refused calls count.
select
    o.rate_deck_id is not null as has_rates,
    (
        select count(*) from live_calls l where l.shard_id = $1 and l.organization_id = $2
    ) as live_calls,
    (
        select count(*)
        from blocks b
        where b.shard_id = $1 and b.organization_id = $2 and b.lifted_at is null
    ) as blocks,
    (
        select count(*)
        from webhook_endpoints e
        where e.shard_id = $1
            and e.organization_id = $2
            and e.state = 'disabled'
            and e.disabled_because <> 'by_hand'
    ) as disabled_endpoints,
    (
        select count(*)
        from top_ups t
        where t.shard_id = $1
            and t.organization_id = $2
            and t.state in ('due', 'sent', 'processing', 'action_required', 'unknown')
            and t.state = 'action_required'
    ) as awaiting_approval,
    (
        select count(*)
        from call_sessions s
        where s.shard_id = $1
            and s.organization_id = $2
            -- Every call meets this; it names the index that listings use.
            and s.authorised_at > '2000-01-01T00:00:00Z'
            and s.authorised_at >= $3
            and s.state = 'refused'
            and s.cause = 'insufficient_funds'
    ) as refused_calls,
    (
        select count(*)
        from administrators a
        where a.shard_id = $1
            and a.organization_id = $2
            and a.state = 'active'
            and 'global_administrator' = any (a.roles)
    ) as administrators,
    exists (
        select from fund_lots f where f.shard_id = $1 and f.organization_id = $2
    ) as ever_funded
from organizations o
where o.shard_id = $1 and o.organization_id = $2
