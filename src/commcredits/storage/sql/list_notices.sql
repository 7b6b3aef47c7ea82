-- What an organization's administrators were told, newest first, from the one before a given instant and id on; of one
-- kind where asked.
select n.notice_id, n.kind, n.facts, n.noticed_at, n.handed_on_at
from notices n
where n.shard_id = $1
    and n.organization_id = $2
    and n.noticed_at > '2000-01-01T00:00:00Z'
    and (n.noticed_at, n.notice_id) < ($3, $4::uuid)
    and ($5::text is null or n.kind = $5)
order by n.noticed_at desc, n.notice_id desc
limit $6
