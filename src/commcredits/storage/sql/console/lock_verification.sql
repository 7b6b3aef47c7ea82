-- Takes the right to verify the books, until this connection gives it back or is lost; false while another one has it.
select pg_try_advisory_lock(hashtextextended('verification of shard ' || $1::smallint, 0)) as locked
