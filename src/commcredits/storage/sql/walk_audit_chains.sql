-- Every entry of every chain of the shard, or of one from a place on, as it was hashed, in the order of the chains: the
-- proof concerns all organizations.
select
    e.organization_id, e.sequence, e.answers, e.at, e.actor_kind, e.actor_id, e.actor_name, e.roles, e.edge, e.source,
    e.operation, e.outcome, e.subject, e.code, e.reason, e.parameters, e.before, e.after, e.previous, e.hash
from audit_entries e
where e.shard_id = $1
    and ($2::uuid is null or e.organization_id = $2)
    and e.sequence > $3
order by e.organization_id, e.sequence
