-- Of each kind of an organization's meters in its period, those that have counted the most, with the user that one is of.
select t.prefix, t.key, t.used, t.held, t.reached_at, p.display_name, p.user_principal_name
from (
    select
        wanted.prefix,
        m.key,
        m.used,
        m.held,
        m.reached_at,
        wanted.most,
        row_number() over (partition by wanted.prefix order by m.used + m.held desc, m.key) as place
    from meters m
    join unnest($3::text[], $4::text[], $5::integer[]) as wanted (prefix, period, most)
        on m.period = wanted.period and starts_with(m.key, wanted.prefix)
    where m.shard_id = $1 and m.organization_id = $2
) t
left join lateral (
    select p.display_name, p.user_principal_name
    from parties p
    where p.shard_id = $1
        and p.organization_id = $2
        and t.prefix in ('cap:user:', 'velocity:user:')
        and p.party_id = case
            when t.prefix in ('cap:user:', 'velocity:user:') then substr(t.key, length(t.prefix) + 1)::uuid
        end
    offset 0
) p on true
where t.place <= t.most
order by t.prefix, t.place
