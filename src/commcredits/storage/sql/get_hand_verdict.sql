-- What a person said of a payment or a refund.
select verdict, reference
from hand_verdicts
where shard_id = $1 and organization_id = $2 and subject_id = $3
