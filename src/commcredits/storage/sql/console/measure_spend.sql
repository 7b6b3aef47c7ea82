-- Measures what each organization's calls cost since an instant, beside the mean of its days since a date, and forgets whom
-- nobody charged: for the operator's watch, over all organizations. Returns how many have spent anything.
with measured as (
    select o.organization_id, spent.*, usual.*
    from organizations o
    cross join lateral (
        select
            count(*) as calls,
            coalesce(sum(s.charged_micros), 0)::bigint as charged_micros,
            coalesce(sum(s.charged_micros) filter (where s.service = 'toll_free_in'), 0)::bigint as toll_free_micros,
            coalesce(sum(s.charged_micros) filter (where s.call_type = 'unassigned_in'), 0)::bigint as unassigned_micros
        from call_sessions s
        where s.shard_id = o.shard_id
            and s.organization_id = o.organization_id
            -- Every call meets this; it names the index that listings use.
            and s.authorised_at > '2000-01-01T00:00:00Z'
            and s.authorised_at > $2
            and s.state <> 'refused'
    ) spent
    cross join lateral (
        select
            coalesce(sum(d.charged_micros) / greatest(1, count(distinct d.day)), 0)::bigint as usual_micros,
            count(distinct d.day)::integer as days_known
        from spending_days d
        where d.shard_id = o.shard_id
            and d.organization_id = o.organization_id
            and d.dimension = 'service'
            and d.day >= $3
            and d.day < $4
    ) usual
    where o.shard_id = $1 and spent.charged_micros > 0
),
written as (
    insert into spend_watch (
        shard_id, organization_id, measured_at, calls, charged_micros, toll_free_micros, unassigned_micros, usual_micros,
        days_known
    )
    select
        $1, m.organization_id, $5, m.calls, m.charged_micros, m.toll_free_micros, m.unassigned_micros, m.usual_micros,
        m.days_known
    from measured m
    on conflict (shard_id, organization_id) do update
    set measured_at = excluded.measured_at,
        calls = excluded.calls,
        charged_micros = excluded.charged_micros,
        toll_free_micros = excluded.toll_free_micros,
        unassigned_micros = excluded.unassigned_micros,
        usual_micros = excluded.usual_micros,
        days_known = excluded.days_known
    returning 1
),
forgotten as (
    delete from spend_watch w
    where w.shard_id = $1 and not exists (select from measured m where m.organization_id = w.organization_id)
)
select count(*) from written
