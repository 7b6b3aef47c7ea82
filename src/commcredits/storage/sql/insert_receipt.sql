-- A receipt or credit note; from now on nothing changes it.
insert into receipts (
    shard_id, organization_id, receipt_id, series, sequence, number, cause, subject_id, top_up_id, issued_at, settled_at,
    currency, net_micros, tax_micros, document
)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
