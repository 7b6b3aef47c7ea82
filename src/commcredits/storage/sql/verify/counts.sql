-- How much there is to verify: organizations and transfers.
select
    (select count(*) from organizations o where o.shard_id = $1) as organizations,
    (select count(*) from journal j where j.shard_id = $1) as transfers
