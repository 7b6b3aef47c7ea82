-- Says who a provider's subject is here, unless that is known already.
insert into external_identities (shard_id, organization_id, issuer, subject, administrator_id, linked_at)
values ($1, $2, $3, $4, $5, $6)
on conflict do nothing
returning administrator_id
