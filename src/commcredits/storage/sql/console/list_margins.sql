-- Reports on margins, newest first, before a given one; one alone, with its result, if asked. The operator's own rows.
select
    m.report_id,
    m.currency,
    m.begins_at,
    m.ends_at,
    m.state,
    m.asked_by,
    m.asked_at,
    m.began_at,
    m.ended_at,
    m.calls,
    m.failure,
    case when $3::uuid is null then '' else m.result end as result
from margin_reports m
where m.shard_id = $1
    and m.organization_id = '00000000-0000-0000-0000-000000000000'
    and m.report_id < $2
    and ($3::uuid is null or m.report_id = $3)
order by m.report_id desc
limit $4
