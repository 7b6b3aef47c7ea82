-- As list_calls_of_period.sql, in the columns and forms of commcredits.columnar.comparing: whole numbers, and text that is
-- empty where there is none.
select
    s.session_id,
    s.service,
    s.caller,
    s.callee,
    coalesce(s.rate_destination, '') as destination,
    ((s.rate_prefix = '') is true)::int as of_no_deck,
    (extract(epoch from s.authorised_at) * 1000000)::bigint as began_us,
    s.state,
    s.live::int as live,
    s.used_seconds,
    s.included_seconds,
    s.charged_micros,
    coalesce(coalesce(s.user_id, s.party_id)::text, '') as user_id
from call_sessions s
where s.shard_id = $1
    and s.organization_id = $2
    -- A call whose number was erased cannot be rated any more.
    and s.erased_at is null
    -- Every call meets this; it names the index that listings use.
    and s.authorised_at > '2000-01-01T00:00:00Z'
    and (s.authorised_at, s.session_id) > ($3, $4)
    and s.authorised_at < $5
order by s.authorised_at, s.session_id
limit $6
