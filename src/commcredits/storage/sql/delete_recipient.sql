-- Tells somebody of no notice any more, and forgets the mails to that address that were not sent yet.
with gone as (
    delete from notice_recipients r
    where r.shard_id = $1 and r.organization_id = $2 and r.recipient_id = $3
    returning r.address
),
unsent as (
    delete from mails m
    using gone
    where m.shard_id = $1 and m.organization_id = $2 and m.address = gone.address and m.state = 'waiting'
)
select count(*)
from gone
