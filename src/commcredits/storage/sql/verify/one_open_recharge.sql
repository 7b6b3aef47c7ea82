-- Organizations with more than one auto-recharge attempt that is not settled (counted).
select t.organization_id, 'auto-recharge' as subject, 1 as expected, count(*) as found
from top_ups t
where t.shard_id = $1
    and t.kind = 'auto_recharge'
    and t.state in ('due', 'sent', 'processing', 'action_required', 'unknown')
group by t.organization_id
having count(*) > 1
order by 1
limit $2
