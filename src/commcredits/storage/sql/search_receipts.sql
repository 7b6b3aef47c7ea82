-- Receipts and credit notes of an organization with this in their numbers, newest first.
select r.number, r.cause, r.issued_at, r.currency, r.net_micros, r.tax_micros
from receipts r
where r.shard_id = $1 and r.organization_id = $2 and position($3 in upper(r.number)) > 0
order by r.receipt_id desc
limit $4
