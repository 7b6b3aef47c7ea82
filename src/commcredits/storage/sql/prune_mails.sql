-- Forgets mails that were settled before an instant, some at a time; returns how many.
with old as (
    select m.organization_id, m.mail_id
    from mails m
    where m.shard_id = $1 and m.settled_at < $2
    limit $3
),
gone as (
    delete from mails m
    using old
    where m.shard_id = $1 and m.organization_id = old.organization_id and m.mail_id = old.mail_id
    returning 1
)
select count(*) from gone
