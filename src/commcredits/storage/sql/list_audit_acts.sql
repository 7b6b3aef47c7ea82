-- What was wanted in one organization's chain, or the operator's, latest first, each with what became of it.
select
    e.organization_id, e.sequence, e.at, e.actor_kind, e.actor_id, e.actor_name, e.roles, e.edge, e.source,
    e.operation, e.subject, e.outcome, e.code, e.reason, e.parameters, e.before, e.after,
    a.sequence as answer_sequence, a.at as answered_at, a.outcome as answer_outcome, a.code as answer_code,
    a.subject as answer_subject, a.before as answer_before, a.after as answer_after
from audit_entries e
left join audit_entries a
    on a.shard_id = e.shard_id and a.organization_id = e.organization_id and a.answers = e.sequence
where e.shard_id = $1
    and e.organization_id = $2
    and e.answers is null
    and e.sequence < $3
    and ($4::timestamptz is null or e.at >= $4)
    and ($5::timestamptz is null or e.at < $5)
    and ($6 = '' or $6 in (e.actor_id, e.actor_name))
    and ($7 = '' or e.operation = $7)
    and ($8 = '' or $8 in (e.subject, a.subject))
order by e.sequence desc
limit $9
