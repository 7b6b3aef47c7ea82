-- Writes down what became of a letter, if nobody tried again meanwhile.
update invitations i
set mail_state = $5, next_at = $6, trouble = $7
where
    i.shard_id = $1
    and i.organization_id = $2
    and i.invitation_id = $3
    and i.attempts = $4
    and i.mail_state = 'waiting'
