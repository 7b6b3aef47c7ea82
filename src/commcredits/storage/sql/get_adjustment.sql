-- One adjustment of an organization, by its id or by the id of the command that asked for it.
select *
from adjustments d
where d.shard_id = $1 and d.organization_id = $2 and (d.adjustment_id = $3 or d.command_id = $4)
