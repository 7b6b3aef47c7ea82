-- An organization's receipts and credit notes, newest first, from the one before a given id on.
select r.receipt_id, r.document
from receipts r
where r.shard_id = $1 and r.organization_id = $2 and ($3::uuid is null or r.receipt_id < $3)
order by r.receipt_id desc
limit $4
