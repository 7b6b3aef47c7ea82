-- The conference legs of an organizer that began between two instants, newest first.
select
    s.session_id,
    s.conference_id,
    s.authorised_at,
    s.callee,
    s.rate_destination,
    s.other_country,
    s.usage_location,
    s.used_seconds,
    (least(s.used_seconds, s.included_seconds) + 59) / 60 as pool_minutes,
    s.charged_micros,
    s.capability
from call_sessions s
where s.shard_id = $1
    and s.organization_id = $2
    and s.party_id = $3
    and s.authorised_at >= $4
    and s.authorised_at < $5
    and s.service = 'conference_dial_out'
    and s.state <> 'refused'
order by s.authorised_at desc, s.session_id desc
limit $6
