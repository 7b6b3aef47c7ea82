-- Writes down what came of a try to send a mail, unless there was a later one.
update mails m
set state = $5,
    next_at = $6,
    settled_at = $7,
    trouble = $8
where m.shard_id = $1
    and m.organization_id = $2
    and m.mail_id = $3
    and m.attempts = $4
    and m.state = 'waiting'
returning 1
