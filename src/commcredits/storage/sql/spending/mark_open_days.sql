-- Note that calls of these days run: the days are summed anew once they do not.
insert into spending_changes (shard_id, organization_id, began_hour, changed_in)
select $1, $2, d.begins_at, 0
from unnest($3::timestamptz[]) as d (begins_at)
on conflict do nothing
