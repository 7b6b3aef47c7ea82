-- Takes the right to make reports on margins, until this connection gives it back or is lost.
select pg_try_advisory_lock(hashtextextended('margins of shard ' || $1::smallint, 0)) as locked
