-- Gives back the right to move organizations on behalf of a deck.
select pg_advisory_unlock(hashtextextended('rate deck ' || $1::text, 0)) as unlocked
