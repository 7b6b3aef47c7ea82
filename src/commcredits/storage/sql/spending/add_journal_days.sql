-- Add what moved to the days of organizations.
insert into journal_days (shard_id, organization_id, day, source, target, reason, transfers, amount_micros)
select $1, d.*
from unnest($2::uuid[], $3::date[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[])
    as d (organization_id, day, source, target, reason, transfers, amount_micros)
on conflict (shard_id, organization_id, day, source, target, reason) do update
set transfers = journal_days.transfers + excluded.transfers,
    amount_micros = journal_days.amount_micros + excluded.amount_micros
