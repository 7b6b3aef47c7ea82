-- What moved in an organization in each month of its zone, as far as the journal has been added up.
select
    date_trunc('month', j.day)::date as month,
    j.source,
    j.target,
    j.reason,
    sum(j.amount_micros)::bigint as amount_micros
from journal_days j
where j.shard_id = $1 and j.organization_id = $2
group by 1, j.source, j.target, j.reason
