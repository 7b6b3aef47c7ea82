-- Sums anew what the calls of an organization came to in each hour, for calls that began from $3 on and before $4.
insert into spend_hours as h (shard_id, organization_id, hour, charged_micros, peak_micros, calls, refused_calls)
select
    $1,
    $2,
    date_bin('1 hour', moments.moment, '2000-01-01T00:00:00Z') as hour,
    sum(moments.charged_micros)::bigint,
    max(moments.charged_micros)::bigint,
    sum(moments.calls)::integer,
    sum(moments.refused_calls)::integer
from (
    select
        date_bin('5 minutes', s.authorised_at, '2000-01-01T00:00:00Z') as moment,
        sum(s.charged_micros) as charged_micros,
        count(*) filter (where s.state <> 'refused') as calls,
        count(*) filter (where s.state = 'refused' and s.cause = 'insufficient_funds') as refused_calls
    from call_sessions s
    where s.shard_id = $1
        and s.organization_id = $2
        -- Every call meets this; it names the index that listings use.
        and s.authorised_at > '2000-01-01T00:00:00Z'
        and s.authorised_at >= $3
        and s.authorised_at < $4
    group by moment
) moments
group by hour
on conflict (shard_id, organization_id, hour) do update
set
    charged_micros = excluded.charged_micros,
    peak_micros = excluded.peak_micros,
    calls = excluded.calls,
    refused_calls = excluded.refused_calls
where (h.charged_micros, h.peak_micros, h.calls, h.refused_calls)
    is distinct from (excluded.charged_micros, excluded.peak_micros, excluded.calls, excluded.refused_calls)
