-- Stored cards of open organizations that expire in one of the given months, unless that was told: a page of them, in
-- order of organization and method.
select m.organization_id, m.payment_method_id, m.brand, m.last4, m.expiry_year, m.expiry_month
from payment_methods m
join organizations o on o.shard_id = m.shard_id and o.organization_id = m.organization_id
join unnest($2::smallint[], $3::smallint[]) as due (expiry_year, expiry_month)
    on m.expiry_year = due.expiry_year and m.expiry_month = due.expiry_month
where m.shard_id = $1
    and m.removed_at is null
    and m.expiry_year is not null
    and o.status <> 'closed'
    and (m.organization_id, m.payment_method_id) > ($4::uuid, $5::uuid)
    and not exists (
        select 1
        from notices n
        where n.shard_id = m.shard_id
            and n.organization_id = m.organization_id
            and n.kind = 'card_expiring'
            and n.key = m.payment_method_id || ':' || m.expiry_year || '-' || lpad(m.expiry_month::text, 2, '0')
    )
order by m.organization_id, m.payment_method_id
limit $6
