-- Forget changes whose days have just been summed.
delete from spending_changes c
using unnest($3::timestamptz[], $4::bigint[]) as d (began_hour, changed_in)
where c.shard_id = $1 and c.organization_id = $2 and c.began_hour = d.began_hour and c.changed_in = d.changed_in
