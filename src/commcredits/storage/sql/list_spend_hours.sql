-- What an organization's calls came to in each hour from $3 on that had any, earliest first.
select h.hour, h.charged_micros, h.peak_micros, h.calls, h.refused_calls
from spend_hours h
where h.shard_id = $1 and h.organization_id = $2 and h.hour >= $3
order by h.hour
