-- How many calls are in progress, and what all organizations' calls hold, by currency; the operator's own totals.
select
    o.currency,
    sum(a.held_micros)::bigint as held_micros,
    count(*) filter (where a.held_micros > 0) as organizations,
    (select count(*) from live_calls l where l.shard_id = $1) as calls,
    (select count(*) from live_calls l where l.shard_id = $1 and l.look_at <= $2) as silent_calls
from accounts a
join organizations o on o.shard_id = a.shard_id and o.organization_id = a.organization_id
where a.shard_id = $1
group by o.currency
order by o.currency
