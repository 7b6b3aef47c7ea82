-- An organization's auto-recharge attempts since $3 that came to an end, oldest first: when each began and ended, and how.
select t.created_at, t.settled_at, t.state
from top_ups t
where t.shard_id = $1
    and t.organization_id = $2
    and t.kind = 'auto_recharge'
    and t.created_at >= $3
    and t.settled_at is not null
    and t.state in ('succeeded', 'declined', 'disputed', 'reversed')
order by t.created_at
limit 5000
