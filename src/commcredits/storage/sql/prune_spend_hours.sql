-- Forgets an organization's hours before $3, which advice does not look at any more.
delete from spend_hours h
where h.shard_id = $1 and h.organization_id = $2 and h.hour < $3
