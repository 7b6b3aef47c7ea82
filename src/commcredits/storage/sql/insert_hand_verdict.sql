-- Keeps what a person said of a payment or a refund, the first one for good, and tells what stands.
with said as (
    insert into hand_verdicts (shard_id, organization_id, subject_id, verdict, reference, said_by, said_at)
    values ($1, $2, $3, $4, $5, $6, $7)
    on conflict do nothing
    returning verdict, reference
)
select verdict, reference
from said
union all
select verdict, reference
from hand_verdicts
where shard_id = $1 and organization_id = $2 and subject_id = $3
limit 1
