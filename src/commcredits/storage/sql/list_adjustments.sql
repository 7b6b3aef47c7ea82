-- An organization's adjustments, newest first, from the one before a given id on; of one state, or of all.
select *
from adjustments d
where d.shard_id = $1
    and d.organization_id = $2
    and d.adjustment_id < $3
    and ($4::text = '' or d.state = $4)
order by d.adjustment_id desc
limit $5
