-- Adds numbers to the operator's stock, or corrects what is said of those in it; one that was acquired stays as it is.
insert into number_stock (shard_id, organization_id, number, kind, country, place, added_at)
select $1, '00000000-0000-0000-0000-000000000000', given.number, given.kind, given.country, given.place, $6
from unnest($2::text[], $3::text[], $4::text[], $5::text[]) as given (number, kind, country, place)
on conflict (shard_id, organization_id, number) do update
set kind = excluded.kind, country = excluded.country, place = excluded.place
where number_stock.acquired_by is null
    and (number_stock.kind, number_stock.country, number_stock.place)
        is distinct from (excluded.kind, excluded.country, excluded.place)
