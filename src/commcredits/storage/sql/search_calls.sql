-- Calls with this number on either side among the latest so many of an organization, newest first. No index leads to
-- numbers, for each would cost every call that is charged; so the search looks back as far as a page may take. Of the
-- external number only as many digits count as are shown ($5 at its end are not), so that nobody finds out by asking.
select s.session_id, s.service, s.caller, s.callee, s.state, s.authorised_at, s.usage_location
from (
    select
        s.*,
        case when s.service in ('toll_in', 'toll_free_in') then s.callee else s.caller end as own,
        case when s.service in ('toll_in', 'toll_free_in') then s.caller else s.callee end as other
    from call_sessions s
    where s.shard_id = $1
        and s.organization_id = $2
        -- Every call meets this; it names the index that listings use.
        and s.authorised_at > '2000-01-01T00:00:00Z'
    order by s.authorised_at desc, s.session_id desc
    limit $4
) s
where s.own = $3
    or length(s.other) = length($3)
    and left(s.other, greatest(0, length(s.other) - $5)) = left($3, greatest(0, length($3) - $5))
order by s.authorised_at desc, s.session_id desc
limit $6
