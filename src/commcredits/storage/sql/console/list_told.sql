-- Failed mails, or failed webhook deliveries, of all organizations, newest first, before a given one: the operator's own
-- list. $2 says which of the two; to whom a mail went stays with its organization.
select *
from (
    select
        m.mail_id as told_id,
        m.organization_id,
        m.notice_id,
        m.attempts,
        m.made_at,
        m.settled_at,
        null::smallint as status,
        m.trouble,
        '' as goes_to
    from mails m
    where $2 = 'mail' and m.shard_id = $1 and m.state = 'failed' and m.mail_id < $3
    union all
    select
        w.delivery_id,
        w.organization_id,
        w.notice_id,
        w.attempts,
        w.made_at,
        w.settled_at,
        w.status,
        w.trouble,
        e.url
    from webhook_deliveries w
    join webhook_endpoints e
        on e.shard_id = w.shard_id and e.organization_id = w.organization_id and e.endpoint_id = w.endpoint_id
    where $2 = 'webhook' and w.shard_id = $1 and w.state = 'failed' and w.delivery_id < $3
) t
join lateral (
    select o.name
    from organizations o
    where o.shard_id = $1 and o.organization_id = t.organization_id
) o on true
join lateral (
    select n.kind
    from notices n
    where n.shard_id = $1 and n.organization_id = t.organization_id and n.notice_id = t.notice_id
) n on true
order by t.told_id desc
limit $4
