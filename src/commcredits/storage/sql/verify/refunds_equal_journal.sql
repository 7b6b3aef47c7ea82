-- Organizations of whose refunds under way another amount stands in the account of refunds.
select
    organization_id,
    'refunds' as subject,
    coalesce(r.micros, 0) as expected,
    coalesce(j.micros, 0) as found
from (
    select r.organization_id, sum(r.amount_micros + r.tax_micros) as micros
    from refunds r
    where r.shard_id = $1 and r.state in ('sent', 'processing', 'unknown')
    group by r.organization_id
) r
full join (
    select j.organization_id, sum(case j.target when 'refunds' then j.amount_micros else -j.amount_micros end) as micros
    from journal j
    where j.shard_id = $1 and 'refunds' in (j.source, j.target)
    group by j.organization_id
) j using (organization_id)
where coalesce(r.micros, 0) <> coalesce(j.micros, 0)
order by 1
limit $2
