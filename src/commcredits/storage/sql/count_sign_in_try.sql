-- Counts a try to sign in, in a window that begins anew when the one before is over.
insert into sign_in_tries as t (shard_id, organization_id, subject, began_at, tries)
values ($1, $2, $3, $4, 1)
on conflict (shard_id, organization_id, subject) do update
set
    tries = case when t.began_at <= $5 then 1 else least(t.tries + 1, 1000000) end,
    began_at = case when t.began_at <= $5 then excluded.began_at else t.began_at end
returning t.tries, t.began_at
