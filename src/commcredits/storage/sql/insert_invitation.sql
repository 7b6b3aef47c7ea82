-- Keeps a new invitation.
insert into invitations (
    shard_id, organization_id, invitation_id, administrator_id, invited_by, made_at, expires_at, state, mail_state,
    next_at
)
values ($1, $2, $3, $4, $5, $6, $7, 'open', $8, $6)
