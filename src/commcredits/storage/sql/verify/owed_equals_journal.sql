-- Organizations that owe another amount than the journal lent them less what was repaid and forgiven, and calls of whose
-- charge another amount is a debt than the journal lent for them less what it forgave.
with moved as (
    select
        j.organization_id,
        j.session_id,
        sum(case when j.source = 'receivable' then j.amount_micros else -j.amount_micros end) as micros
    from journal j
    where j.shard_id = $1 and 'receivable' in (j.source, j.target) and j.reason <> 'credit_line'
    group by j.organization_id, j.session_id
)
select
    organization_id,
    'debt' as subject,
    coalesce(m.micros, 0) as expected,
    coalesce(a.owed_micros, 0) as found
from (select organization_id, owed_micros from accounts where shard_id = $1) a
full join (select organization_id, sum(micros) as micros from moved group by organization_id) m using (organization_id)
where coalesce(m.micros, 0) <> coalesce(a.owed_micros, 0)
union all
select
    organization_id,
    'debt of call ' || session_id,
    coalesce(m.micros, 0),
    coalesce(s.owed_micros, 0)
from (select organization_id, session_id, owed_micros from call_sessions where shard_id = $1 and owed_micros <> 0) s
full join (select * from moved where session_id is not null) m using (organization_id, session_id)
where coalesce(m.micros, 0) <> coalesce(s.owed_micros, 0)
order by 1, 2
limit $2
