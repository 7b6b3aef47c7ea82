-- What was wanted in every chain of the shard, latest first, each with what became of it: for the operator, whose people
-- act in all of them.
select
    e.organization_id, e.sequence, e.at, e.actor_kind, e.actor_id, e.actor_name, e.roles, e.edge, e.source,
    e.operation, e.subject, e.outcome, e.code, e.reason, e.parameters, e.before, e.after,
    a.sequence as answer_sequence, a.at as answered_at, a.outcome as answer_outcome, a.code as answer_code,
    a.subject as answer_subject, a.after as answer_after, o.name as organization_name
from audit_entries e
left join audit_entries a
    on a.shard_id = e.shard_id and a.organization_id = e.organization_id and a.answers = e.sequence
left join organizations o on o.shard_id = e.shard_id and o.organization_id = e.organization_id
where e.shard_id = $1
    and e.answers is null
    and (e.at, e.organization_id, e.sequence) < ($2, $3::uuid, $4)
    and ($5::timestamptz is null or e.at >= $5)
    and ($6::timestamptz is null or e.at < $6)
    and ($7 = '' or $7 in (e.actor_id, e.actor_name))
    and ($8 = '' or e.operation = $8)
    and ($9 = '' or $9 in (e.subject, a.subject))
order by e.at desc, e.organization_id desc, e.sequence desc
limit $10
