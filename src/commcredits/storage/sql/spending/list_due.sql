-- Organizations of the shard, in the order of their ids, that have a day to sum: none was ever summed, one is over since $2,
-- calls changed after they were over, or the organization has moved to another time zone. For the worker, hence of everybody.
select o.organization_id
from organizations o
left join spending_progress p on p.shard_id = o.shard_id and p.organization_id = o.organization_id
where o.shard_id = $1
    and o.organization_id > $3
    and (
        p.next_day_over_at is null
        or p.next_day_over_at <= $2
        or p.time_zone <> o.time_zone
        or exists (
            select from spending_changes c where c.shard_id = o.shard_id and c.organization_id = o.organization_id
        )
    )
order by o.organization_id
limit $4
