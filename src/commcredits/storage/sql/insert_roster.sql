-- An empty roster for an organization that has none; whoever changes people locks it next.
insert into rosters (shard_id, organization_id, version, roster)
values ($1, $2, 0, '{"version":0}')
on conflict (shard_id, organization_id) do nothing
