-- Organizations that owe another amount than the journal lent them less what was repaid and forgiven.
with moved as (
    select
        j.organization_id,
        sum(case when j.source = 'receivable' then j.amount_micros else -j.amount_micros end) as micros
    from journal j
    where j.shard_id = $1 and 'receivable' in (j.source, j.target)
    group by j.organization_id
)
select
    organization_id,
    'debt' as subject,
    coalesce(m.micros, 0) as expected,
    coalesce(a.owed_micros, 0) as found
from (select organization_id, owed_micros from accounts where shard_id = $1) a
full join moved m using (organization_id)
where coalesce(m.micros, 0) <> coalesce(a.owed_micros, 0)
order by 1
limit $2
