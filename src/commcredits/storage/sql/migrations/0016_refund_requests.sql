-- Refunds that the operator asks for: above what one person may do alone, a second one has to agree.

-- One refund of a purchase, or of a call. "approved" is owed to the account until it is "applied" there, or "refused" by it;
-- the id of the command that asked is the id of the account's command, so that nothing is given back twice.
create table refund_requests (
    shard_id smallint not null,
    organization_id uuid not null,
    refund_request_id uuid not null,
    command_id text not null,
    top_up_id uuid,
    session_id text,
    -- Of a purchase: the amount that was asked for; null is all that is unused.
    asked_micros bigint check (asked_micros > 0),
    -- Of a call: how many of its seconds stay charged.
    used_seconds bigint check (used_seconds >= 0),
    -- What it came to when it was asked for: so much counts towards what one person may do alone.
    amount_micros bigint not null check (amount_micros >= 0),
    currency text not null,
    reason text not null check (length(reason) <= 200),
    state text not null check (state in ('pending', 'approved', 'applied', 'refused', 'rejected')),
    requested_by text not null,
    requested_at timestamptz not null,
    requested_actor text not null,
    decided_by text not null default '',
    decided_at timestamptz,
    decided_actor text not null default '',
    refund_id uuid,
    -- What the account answered, as commands' answers are kept.
    answer text not null default '',
    check ((top_up_id is null) <> (session_id is null)),
    check ((session_id is null) = (used_seconds is null)),
    check (session_id is null or asked_micros is null),
    primary key (shard_id, organization_id, refund_request_id),
    unique (shard_id, organization_id, command_id)
);

create index refund_requests_by_actor on refund_requests (shard_id, organization_id, requested_actor, requested_at);
create index refund_requests_to_apply on refund_requests (shard_id, refund_request_id) where state = 'approved';
create index refund_requests_pending on refund_requests (shard_id, refund_request_id) where state = 'pending';
