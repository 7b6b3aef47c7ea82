-- Asks for a report on margins; the operator's own row.
insert into margin_reports (
    shard_id, organization_id, report_id, currency, begins_at, ends_at, state, asked_by, asked_at
)
values ($1, '00000000-0000-0000-0000-000000000000', $2, $3, $4, $5, 'waiting', $6, $7)
