-- Running calls come and go by the thousand: their table keeps the pages that it once needed. To give them back, a
-- vacuum locks everybody else out of the table, and the next calls have to make them anew.
alter table live_calls set (vacuum_truncate = off);
