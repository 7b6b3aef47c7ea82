-- What waits and what has failed, over all organizations: the operator's own figures. Each is counted in an index of its own.
select
    (select count(*) from gateway_events e where e.shard_id = $1 and e.state = 'failed') as events_failed,
    (select count(*) from gateway_events e where e.shard_id = $1 and e.state = 'waiting') as events_waiting,
    (
        select min(e.noted_at)
        from gateway_events e
        where e.shard_id = $1 and e.state = 'waiting'
    ) as events_since,
    (select count(*) from mails m where m.shard_id = $1 and m.state = 'waiting') as mails_waiting,
    (select min(m.made_at) from mails m where m.shard_id = $1 and m.state = 'waiting') as mails_since,
    (select count(*) from mails m where m.shard_id = $1 and m.state = 'failed') as mails_failed,
    (select count(*) from webhook_deliveries w where w.shard_id = $1 and w.state = 'waiting') as deliveries_waiting,
    (
        select min(w.made_at)
        from webhook_deliveries w
        where w.shard_id = $1 and w.state = 'waiting'
    ) as deliveries_since,
    (select count(*) from webhook_deliveries w where w.shard_id = $1 and w.state = 'failed') as deliveries_failed,
    (select count(*) from notices n where n.shard_id = $1 and n.handed_on_at is null) as notices_waiting,
    (
        select count(*)
        from top_ups t
        where t.shard_id = $1
            and t.state in ('due', 'sent', 'processing', 'action_required', 'unknown')
            and t.created_at < $2
    ) as attempts_stuck,
    (select count(*) from refunds r where r.shard_id = $1 and r.state in ('sent', 'processing', 'unknown')) as refunds_open,
    (select count(*) from adjustments d where d.shard_id = $1 and d.state = 'pending') as adjustments_pending,
    (select count(*) from refund_requests q where q.shard_id = $1 and q.state = 'pending') as refund_requests_pending,
    (
        select count(*)
        from (
            select
            from top_ups t
            where t.shard_id = $1
                and t.state in ('succeeded', 'disputed', 'reversed')
                and t.settled_at between $3 and $4
                and not exists (
                    select
                    from receipts r
                    where r.shard_id = t.shard_id
                        and r.organization_id = t.organization_id
                        and r.cause = 'top_up'
                        and r.subject_id = t.top_up_id
                )
            limit 1000
        ) owed
    ) as receipts_owed,
    (select count(*) from live_calls l where l.shard_id = $1 and l.look_at < $4) as calls_silent,
    (select pg_database_size(current_database())) as database_bytes,
    (select count(*) from pg_stat_activity a where a.datname = current_database()) as connections,
    current_setting('max_connections')::integer as connections_max,
    current_setting('server_version') as server_version
