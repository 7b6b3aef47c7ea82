-- Calls that are marked as live though their state says that they are over, or the other way round (counted).
select
    s.organization_id,
    'call ' || s.session_id as subject,
    (s.state in ('authorised', 'started'))::int as expected,
    s.live::int as found
from call_sessions s
where s.shard_id = $1 and s.live <> (s.state in ('authorised', 'started'))
order by 1, 2
limit $2
