-- One receipt or credit note of an organization, by its number.
select r.receipt_id, r.document
from receipts r
where r.shard_id = $1 and r.organization_id = $2 and r.number = $3
