-- Take away all that is summed of an organization: it has moved to another time zone.
with days as (
    delete from spending_days d where d.shard_id = $1 and d.organization_id = $2
),
months as (
    delete from spending_months m where m.shard_id = $1 and m.organization_id = $2
),
transfers as (
    delete from journal_days j where j.shard_id = $1 and j.organization_id = $2
)
delete from spending_progress p where p.shard_id = $1 and p.organization_id = $2
