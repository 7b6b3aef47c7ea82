-- Accounts whose posted balance is not what the journal brought to customer credits less what it took.
with moved as (
    select
        j.organization_id,
        sum(
            case
                when j.target = 'customer_credits' then j.amount_micros
                when j.source = 'customer_credits' then -j.amount_micros
                else 0
            end
        ) as micros
    from journal j
    where j.shard_id = $1
    group by j.organization_id
)
select
    organization_id,
    'account' as subject,
    coalesce(m.micros, 0) as expected,
    coalesce(a.posted_micros, 0) as found
from (select organization_id, posted_micros from accounts where shard_id = $1) a
full join moved m using (organization_id)
where coalesce(m.micros, 0) <> coalesce(a.posted_micros, 0)
order by 1
limit $2
