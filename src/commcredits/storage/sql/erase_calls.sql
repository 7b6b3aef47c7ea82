-- Erases what is personal about calls that are over: numbers, whose they were, conferences, remembered answers, limits that
-- were counted by user or caller, and what was noticed about them. Money, times and places stay. Minutes of a pool that is
-- one user's own are counted as nobody's from now on, so that the pools of the month still add up.
with due as materialized (
    select
        s.session_id,
        s.pool_key,
        s.pool_period,
        starts_with(s.pool_key, 'pool:MCOPSTN8:') is true as is_own_pool,
        'pool:MCOPSTN8:00000000-0000-0000-0000-000000000000' as nobodys_pool,
        s.meter_parts
    from call_sessions s
    where s.shard_id = $1
        and s.organization_id = $2
        and s.session_id = any ($3::text[])
        and not s.live
        and s.erased_at is null
    for update
),
own_minutes as (
    select d.pool_key as key, d.pool_period as period, d.nobodys_pool, sum((part ->> 3)::bigint) as minutes
    from due d
    cross join lateral jsonb_array_elements(d.meter_parts::jsonb) as part
    where d.is_own_pool and d.meter_parts is not null and part ->> 0 = d.pool_key
        and d.pool_key <> d.nobodys_pool
    group by d.pool_key, d.pool_period, d.nobodys_pool
),
left_pools as (
    update meters m
    set used = m.used - o.minutes
    from own_minutes o
    where m.shard_id = $1 and m.organization_id = $2 and m.key = o.key and m.period = o.period
    returning m.period, o.nobodys_pool, o.minutes
),
nobodys_pools as (
    insert into meters (shard_id, organization_id, key, period, used, held)
    select $1, $2, l.nobodys_pool, l.period, sum(l.minutes), 0
    from left_pools l
    group by l.nobodys_pool, l.period
    on conflict (shard_id, organization_id, key, period) do update set used = meters.used + excluded.used
),
forgotten_flags as (
    delete from call_flags f
    using due d
    where f.shard_id = $1 and f.organization_id = $2 and f.session_id = d.session_id
),
erased as (
    update call_sessions s
    set caller = '',
        callee = '',
        party_id = null,
        user_id = null,
        conference_id = null,
        memory = '[]',
        pool_key = case when d.is_own_pool then d.nobodys_pool else s.pool_key end,
        meter_parts = (
            select jsonb_agg(
                case when d.is_own_pool then jsonb_set(part, '{0}', to_jsonb(d.nobodys_pool)) else part end
            )::text
            from jsonb_array_elements(d.meter_parts::jsonb) as part
            where part ->> 0 = d.pool_key
        ),
        erased_at = $4
    from due d
    where s.shard_id = $1 and s.organization_id = $2 and s.session_id = d.session_id
    returning 1
)
select count(*) from erased
