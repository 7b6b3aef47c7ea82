-- Takes mails that are due, for so long that nobody else tries them meanwhile, with all that a letter says.
with due as (
    select m.organization_id, m.mail_id
    from mails m
    where m.shard_id = $1 and m.state = 'waiting' and m.next_at <= $2
    order by m.next_at
    limit $4
    for update skip locked
),
claimed as (
    update mails m
    set next_at = $3, attempts = m.attempts + 1
    from due
    where m.shard_id = $1 and m.organization_id = due.organization_id and m.mail_id = due.mail_id
    returning m.organization_id, m.mail_id, m.notice_id, m.address, m.language, m.attempts
)
select
    c.organization_id,
    c.mail_id,
    c.notice_id,
    c.address,
    c.language,
    c.attempts,
    n.kind,
    n.facts,
    n.noticed_at,
    o.name,
    o.time_zone
from claimed c
join notices n on n.shard_id = $1 and n.organization_id = c.organization_id and n.notice_id = c.notice_id
join organizations o on o.shard_id = $1 and o.organization_id = c.organization_id
