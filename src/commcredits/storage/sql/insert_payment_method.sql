-- Keeps a payment method; when its gateway's reference is known already, what the gateway tells of it is refreshed.
insert into payment_methods (
    shard_id, organization_id, payment_method_id, gateway, reference, kind, brand, last4, expiry_month, expiry_year,
    created_at
)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
on conflict (shard_id, organization_id, gateway, reference) do update
set kind = excluded.kind,
    brand = excluded.brand,
    last4 = excluded.last4,
    expiry_month = excluded.expiry_month,
    expiry_year = excluded.expiry_year
returning *
