-- Calls from or to this number among the latest so many of an organization, newest first. No index leads to numbers, for
-- each would cost every call that is charged; so the search looks back as far as a page may take.
select s.session_id, s.service, s.caller, s.callee, s.state, s.authorised_at
from (
    select s.session_id, s.service, s.caller, s.callee, s.state, s.authorised_at
    from call_sessions s
    where s.shard_id = $1
        and s.organization_id = $2
        -- Every call meets this; it names the index that listings use.
        and s.authorised_at > '2000-01-01T00:00:00Z'
    order by s.authorised_at desc, s.session_id desc
    limit $4
) s
where s.caller = $3 or s.callee = $3
order by s.authorised_at desc, s.session_id desc
limit $5
