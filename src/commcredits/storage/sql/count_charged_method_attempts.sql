-- How often a card or account was tried since an instant, by whichever organization, and how often it was declined.
select
    count(*) as attempts,
    count(*) filter (where t.state = 'declined') as declines
from charged_method_attempts a
join top_ups t on t.shard_id = a.shard_id and t.organization_id = a.organization_id and t.top_up_id = a.top_up_id
where a.shard_id = $1 and a.gateway = $2 and a.fingerprint = $3 and a.at > $4
