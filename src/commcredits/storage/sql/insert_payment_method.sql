-- Keeps a payment method; what its gateway tells of a known one is refreshed. A removed one is used again only where
-- that is wanted and its gateway has been told of the removal.
insert into payment_methods (
    shard_id, organization_id, payment_method_id, gateway, reference, kind, brand, last4, expiry_month, expiry_year,
    created_at, customer_reference, fingerprint, country
)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
on conflict (shard_id, organization_id, gateway, reference) do update
set kind = excluded.kind,
    brand = excluded.brand,
    last4 = excluded.last4,
    expiry_month = excluded.expiry_month,
    expiry_year = excluded.expiry_year,
    customer_reference = excluded.customer_reference,
    fingerprint = excluded.fingerprint,
    country = excluded.country,
    removed_at = case when $15 and not payment_methods.detach_owed then null else payment_methods.removed_at end
returning *
