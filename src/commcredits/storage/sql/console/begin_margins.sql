-- Begins the report that was asked for first. Whoever asks has the right to make reports, so that one which says it is
-- running lost its process, and is begun again. The operator's own row.
update margin_reports m
set state = 'running', began_at = $2, calls = 0
where m.shard_id = $1
    and m.organization_id = '00000000-0000-0000-0000-000000000000'
    and m.report_id = (
        select n.report_id
        from margin_reports n
        where n.shard_id = $1
            and n.organization_id = '00000000-0000-0000-0000-000000000000'
            and n.state in ('waiting', 'running')
        order by n.report_id
        limit 1
    )
returning m.report_id, m.currency, m.begins_at, m.ends_at
