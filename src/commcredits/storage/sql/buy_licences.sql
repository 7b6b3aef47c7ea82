-- How many of a licence an organization has bought for a country.
insert into licence_stock (shard_id, organization_id, licence, country, purchased)
values ($1, $2, $3, $4, $5)
on conflict (shard_id, organization_id, licence, country) do update
set purchased = excluded.purchased
