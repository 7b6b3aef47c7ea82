-- An organization's calls that began within a period, oldest first, from the one after a given instant and id on: what their
-- price rests on, and what they were charged.
select
    s.session_id,
    s.service,
    s.caller,
    s.callee,
    s.rate_prefix,
    s.rate_destination,
    s.authorised_at,
    s.state,
    s.live,
    s.used_seconds,
    s.included_seconds,
    s.charged_micros,
    s.owed_micros,
    coalesce(s.user_id, s.party_id) as user_id
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
