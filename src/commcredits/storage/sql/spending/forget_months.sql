-- Take away the sums of these months of an organization.
delete from spending_months m where m.shard_id = $1 and m.organization_id = $2 and m.month = any ($3::date[])
