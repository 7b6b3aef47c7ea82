-- The next entries of one organization's chain, answers included, as they were hashed, from a place on.
select
    e.organization_id, e.sequence, e.answers, e.at, e.actor_kind, e.actor_id, e.actor_name, e.roles, e.edge, e.source,
    e.operation, e.outcome, e.subject, e.code, e.reason, e.parameters, e.before, e.after, e.previous, e.hash
from audit_entries e
where e.shard_id = $1
    and e.organization_id = $2
    and e.sequence > $3
    and e.sequence <= $4
    and ($5::timestamptz is null or e.at >= $5)
    and ($6::timestamptz is null or e.at < $6)
order by e.sequence
limit $7
