-- As copy_calls_of_period.sql, of some organizations, for what calls cost the operator: a carrier bills all seconds, whoever
-- pays them, and so no minute is included and every call has a deck; the organization stands in the user's place.
select
    s.session_id,
    s.service,
    s.caller,
    s.callee,
    coalesce(s.rate_destination, '') as destination,
    0 as of_no_deck,
    (extract(epoch from s.authorised_at) * 1000000)::bigint as began_us,
    s.state,
    s.live::int as live,
    s.used_seconds,
    0 as included_seconds,
    s.charged_micros,
    s.organization_id::text as user_id
from call_sessions s
where s.shard_id = $1
    and s.organization_id = any($2::uuid [])
    -- Every call meets this; it names the index that listings use.
    and s.authorised_at > '2000-01-01T00:00:00Z'
    and s.authorised_at >= $3
    and s.authorised_at < $4
    and (s.authorised_at, s.session_id) > ($5, $6)
order by s.authorised_at, s.session_id
limit $7
