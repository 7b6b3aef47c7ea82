-- Where the chains of the shard end, or one of them: the proof and the anchors concern all organizations.
select h.organization_id, h.sequence, h.hash
from audit_heads h
where h.shard_id = $1 and ($2::uuid is null or h.organization_id = $2)
order by h.organization_id
