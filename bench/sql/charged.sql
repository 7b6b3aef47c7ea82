-- How many calls of one run the books have ended and charged: the run's name is the beginning of their session ids.
select count(*)
from call_sessions
where starts_with(session_id, $1) and state = 'ended' and charged_micros > 0
