-- Takes back the try of somebody who did sign in.
update sign_in_tries t
set tries = case when $4 then 0 else greatest(t.tries - 1, 0) end
where t.shard_id = $1 and t.organization_id = $2 and t.subject = $3
