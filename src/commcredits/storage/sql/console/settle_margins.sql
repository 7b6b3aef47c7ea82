-- What became of a report on margins; the operator's own row.
update margin_reports m
set state = $3, ended_at = $4, calls = $5, result = $6, failure = $7
where m.shard_id = $1 and m.organization_id = '00000000-0000-0000-0000-000000000000' and m.report_id = $2
