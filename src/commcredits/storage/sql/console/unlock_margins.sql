-- Gives back the right to make reports on margins.
select pg_advisory_unlock(hashtextextended('margins of shard ' || $1::smallint, 0)) as unlocked
