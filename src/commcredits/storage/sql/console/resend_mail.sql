-- Has a failed mail of an organization tried once more; no row comes back where it has not failed.
update mails m
set state = 'waiting', next_at = $4, settled_at = null
where m.shard_id = $1 and m.organization_id = $2 and m.mail_id = $3 and m.state = 'failed'
returning m.mail_id
