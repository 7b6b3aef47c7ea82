-- The next calls of an organization, oldest first after the one at $3, $4, that began before $5: in which country their user
-- is, $7 where nobody said, and whether there is anything to erase of them.
select
    s.session_id,
    s.authorised_at,
    coalesce(nullif(s.usage_location, ''), $7::text) as location,
    not s.live and s.erased_at is null as is_whole
from call_sessions s
where s.shard_id = $1
    and s.organization_id = $2
    -- Every call meets this; it names the index that listings use.
    and s.authorised_at > '2000-01-01T00:00:00Z'
    and (s.authorised_at, s.session_id) > ($3::timestamptz, $4::text)
    and s.authorised_at < $5::timestamptz
order by s.authorised_at, s.session_id
limit $6
