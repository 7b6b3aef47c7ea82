-- Forgets what a directory said of a user, and the user's membership of groups.
with members as (
    delete from scim_members m
    where m.shard_id = $1 and m.organization_id = $2 and m.party_id = $3
)
delete from scim_users s
where s.shard_id = $1 and s.organization_id = $2 and s.party_id = $3
