-- Numbers of the operator's stock that can be reserved now, in order of the number, from the one after a given one on.
select s.number, s.kind, s.country, s.place, s.added_at
from number_stock s
where s.shard_id = $1
    and s.organization_id = '00000000-0000-0000-0000-000000000000'
    and s.number > $2
    and ($3::text is null or s.kind = $3)
    and ($4::text is null or s.country = $4)
    and ($5::text is null or position(lower($5) in lower(s.place)) > 0)
    and ($6::text is null or position($6 in s.number) > 0)
    and s.acquired_by is null
    and (s.reserved_until is null or s.reserved_until <= $7)
    and not exists (select from phone_numbers n where n.shard_id = $1 and n.number = s.number)
order by s.number
limit $8
