-- Verifications, newest first, from the one before an id on; one alone if asked. The operator's own rows.
select *
from verify_runs v
where v.shard_id = $1
    and v.organization_id = '00000000-0000-0000-0000-000000000000'
    and v.run_id < $2
    and ($3::uuid is null or v.run_id = $3)
order by v.run_id desc
limit $4
