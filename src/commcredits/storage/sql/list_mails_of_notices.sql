-- To whom these notices were mailed, and what came of it.
select m.notice_id, m.mail_id, m.address, m.language, m.state, m.attempts, m.settled_at, m.trouble
from mails m
where m.shard_id = $1 and m.organization_id = $2 and m.notice_id = any($3::uuid[])
order by m.mail_id
