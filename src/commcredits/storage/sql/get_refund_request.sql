-- One refund that was asked for, by its id or by the id of the command that asked.
select *
from refund_requests r
where r.shard_id = $1 and r.organization_id = $2 and (r.refund_request_id = $3 or r.command_id = $4)
