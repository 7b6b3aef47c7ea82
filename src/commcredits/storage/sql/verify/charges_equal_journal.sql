-- Calls that were charged another amount, debts aside, than the journal took for them less what it gave back.
with moved as (
    select
        j.organization_id,
        j.session_id,
        sum(
            case
                when j.source = 'customer_credits' then j.amount_micros
                when j.target = 'customer_credits' then -j.amount_micros
                else 0
            end
        ) as micros
    from journal j
    where j.shard_id = $1 and j.session_id is not null
    group by j.organization_id, j.session_id
)
select
    organization_id,
    'call ' || session_id as subject,
    coalesce(m.micros, 0) as expected,
    coalesce(s.paid_micros, 0) as found
from (
    select organization_id, session_id, charged_micros - owed_micros as paid_micros
    from call_sessions
    where shard_id = $1
) s
full join moved m using (organization_id, session_id)
where coalesce(m.micros, 0) <> coalesce(s.paid_micros, 0)
order by 1, 2
limit $2
