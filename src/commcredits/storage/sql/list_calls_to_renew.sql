-- Running calls of one protocol ($2) that should ask again: those that money limits, of organizations whose funds have
-- arrived ($3), and all of those where a block was set ($4).
select s.organization_id, s.session_id, s.switch,
    case when s.final and s.organization_id = any ($3::uuid[]) then 'funds' else 'block' end as reason
from (select unnest($3::uuid[]) union select unnest($4::uuid[])) as o (organization_id)
join live_calls l on l.shard_id = $1 and l.organization_id = o.organization_id
join call_sessions s
    on s.shard_id = $1 and s.organization_id = l.organization_id and s.session_id = l.session_id
where s.live
    and starts_with(s.switch, $2)
    and (s.final or s.organization_id = any ($4::uuid[]))
