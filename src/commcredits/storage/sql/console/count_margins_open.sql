-- How many reports on margins are still to be made; the operator's own rows.
select count(*)
from margin_reports m
where m.shard_id = $1
    and m.organization_id = '00000000-0000-0000-0000-000000000000'
    and m.state in ('waiting', 'running')
