-- Lets nobody else ask for a verification until this transaction ends.
select pg_advisory_xact_lock(hashtextextended('asking to verify shard ' || $1::smallint, 0))
