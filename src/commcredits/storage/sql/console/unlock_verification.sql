-- Gives back the right to verify the books.
select pg_advisory_unlock(hashtextextended('verification of shard ' || $1::smallint, 0)) as unlocked
