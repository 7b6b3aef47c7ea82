-- Keeps a new administrator, unless the organization has as many as it may or the address is somebody's already.
insert into administrators as a (
    shard_id, organization_id, administrator_id, address, name, language, roles, roles_from_provider, state, created_at,
    accepted_at
)
select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11
where (select count(*) from administrators k where k.shard_id = $1 and k.organization_id = $2) < $12
on conflict do nothing
returning a.administrator_id
