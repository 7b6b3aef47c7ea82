-- What an organization's quotas of numbers are counted by, and whether its credits are set up (domain.md §4).
select
    (
        select count(*)
        from parties p
        cross join lateral unnest(p.licences) as held (licence)
        where p.shard_id = $1 and p.organization_id = $2 and p.kind = 'user' and held.licence = any ($3::text[])
    ) as licences,
    (
        select count(*)
        from phone_numbers n
        where n.shard_id = $1 and n.organization_id = $2 and n.kind = 'user'
    ) as user_numbers,
    (
        select count(*)
        from phone_numbers n
        where n.shard_id = $1 and n.organization_id = $2 and n.kind in ('toll', 'toll_free')
    ) as service_numbers,
    (
        exists (select from fund_lots l where l.shard_id = $1 and l.organization_id = $2)
        or exists (
            select from recharge_rules r where r.shard_id = $1 and r.organization_id = $2 and r.enabled
        )
    ) as credits_set_up
