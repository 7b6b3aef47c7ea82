-- Takes the right to move organizations on behalf of a deck, until this connection gives it back; false if it is taken.
select pg_try_advisory_lock(hashtextextended('rate deck ' || $1::text, 0)) as locked
