-- When the shard's journal begins, for the worker, hence of everybody.
select min(j.at) as at from journal j where j.shard_id = $1
