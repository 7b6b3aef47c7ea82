-- A line of the journal.
insert into journal (
    shard_id, organization_id, transfer_id, at, source, target, amount_micros, reason, lot_id, session_id
)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
