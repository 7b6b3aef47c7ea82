-- The top-ups of these organizations whose payment is not settled, oldest first.
select t.*
from top_ups t
where t.shard_id = $1
    and t.organization_id = any ($2::uuid[])
    and t.state in ('due', 'sent', 'processing', 'action_required', 'unknown')
order by t.organization_id, t.top_up_id
