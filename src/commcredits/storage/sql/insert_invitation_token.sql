-- Keeps the digest of a token that opens an invitation.
insert into invitation_tokens (shard_id, organization_id, token_hash, invitation_id) values ($1, $2, $3, $4)
