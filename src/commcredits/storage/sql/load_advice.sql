-- The parts of an organization's advice that $3 names, as they were last worked out.
select a.part, a.worked_out_at, a.document
from advice a
where a.shard_id = $1 and a.organization_id = $2 and a.part = any ($3::text[])
