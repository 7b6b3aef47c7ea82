-- Organizations whose spending of the last 24 hours is unusual, the most unusual first: several times a usual day, or money
-- that hostile callers can drain, over toll-free numbers and numbers that nobody has. The operator's own list.
select
    w.*,
    o.name,
    o.currency,
    case when w.usual_micros = 0 then null else (w.charged_micros * 100 / w.usual_micros)::bigint end as percent_of_usual
from spend_watch w
join organizations o on o.shard_id = w.shard_id and o.organization_id = w.organization_id
where w.shard_id = $1
    and o.sandbox_of is null
    and (
        (w.days_known >= $2 and w.charged_micros > w.usual_micros * $3)
        or (w.toll_free_micros + w.unassigned_micros) * 2 > w.charged_micros
    )
order by
    case when w.usual_micros = 0 then w.charged_micros else w.charged_micros * 100 / w.usual_micros end desc,
    w.organization_id
limit $4
