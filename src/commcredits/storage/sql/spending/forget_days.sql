-- Take away the sums of these days of an organization.
delete from spending_days d where d.shard_id = $1 and d.organization_id = $2 and d.day = any ($3::date[])
