-- Each account in each currency: its balance before a period, and what the period debited and credited it.
select
    o.currency,
    moved.account,
    sum(moved.debit_micros - moved.credit_micros) filter (where j.at < $2) as opening_micros,
    sum(moved.debit_micros) filter (where j.at >= $2) as debit_micros,
    sum(moved.credit_micros) filter (where j.at >= $2) as credit_micros
from journal j
join organizations o on o.shard_id = j.shard_id and o.organization_id = j.organization_id
cross join lateral (
    values (j.source, j.amount_micros, 0::bigint), (j.target, 0::bigint, j.amount_micros)
) as moved (account, debit_micros, credit_micros)
where j.shard_id = $1 and o.sandbox_of is null and j.at < $3 and ($4::uuid is null or j.organization_id = $4)
group by o.currency, moved.account
order by o.currency, moved.account
