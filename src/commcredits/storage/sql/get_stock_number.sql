-- One number of the operator's stock, and whether an organization has it already.
select
    s.number,
    s.kind,
    s.country,
    s.place,
    s.reserved_by,
    s.reserved_until,
    s.acquired_by,
    exists (select from phone_numbers n where n.shard_id = $1 and n.number = s.number) as taken
from number_stock s
where s.shard_id = $1 and s.organization_id = '00000000-0000-0000-0000-000000000000' and s.number = $2
