-- Which of these numbers are an organization's already. Each is probed by its key.
select wanted.number
from unnest($2::text[]) as wanted (number)
where exists (select from phone_numbers n where n.shard_id = $1 and n.number = wanted.number)
