-- What gateways have told of, newest first, of one gateway and in one state where wanted, before a given one.
select *
from gateway_events
where shard_id = $1
    and organization_id = $2
    and ($3::text is null or gateway = $3)
    and ($4::text is null or state = $4)
    and ($5::uuid is null or gateway_event_id < $5)
order by gateway_event_id desc
limit $6
