-- Gateways: customers, payment methods, messages as they came, cursors, payouts.

-- A payer as a gateway knows him belongs to one organization for good, whoever names him first.
create table gateway_customers (
    shard_id smallint not null,
    organization_id uuid not null,
    gateway text not null,
    reference text not null,
    created_at timestamptz not null,
    primary key (shard_id, organization_id, gateway, reference),
    unique (shard_id, gateway, reference)
);

alter table payment_methods
    add column customer_reference text not null default '',
    add column fingerprint text not null default '',
    add column country text not null default '',
    add column is_default boolean not null default false,
    add column is_backup boolean not null default false,
    -- Kept for what it paid, and never charged again.
    add column removed_at timestamptz,
    -- The gateway has not been told yet.
    add column detach_owed boolean not null default false,
    add constraint payment_methods_one_role check (not (is_default and is_backup)),
    add constraint payment_methods_removed_have_no_role check (removed_at is null or not (is_default or is_backup));

create unique index payment_methods_default on payment_methods (shard_id, organization_id) where is_default;
create unique index payment_methods_backup on payment_methods (shard_id, organization_id) where is_backup;
create index payment_methods_by_reference on payment_methods (shard_id, gateway, reference);
create index payment_methods_to_detach on payment_methods (shard_id, payment_method_id) where detach_owed;
create index payment_methods_that_expire on payment_methods (shard_id, expiry_year, expiry_month, payment_method_id)
    where removed_at is null and expiry_year is not null;

create index top_ups_by_gateway_reference on top_ups (shard_id, gateway, gateway_reference)
    where gateway_reference <> '';
create index top_ups_disputed on top_ups (shard_id, organization_id, top_up_id) where dispute_reference <> '';
create index refunds_by_gateway_reference on refunds (shard_id, gateway_reference) where gateway_reference <> '';

-- Each card or account that was ever charged, by its fingerprint or its reference; a row's lock counts its attempts.
create table charged_methods (
    shard_id smallint not null,
    organization_id uuid not null,
    gateway text not null,
    fingerprint text not null,
    first_seen_at timestamptz not null,
    primary key (shard_id, organization_id, gateway, fingerprint)
);

create table charged_method_attempts (
    shard_id smallint not null,
    -- Whose attempt it was; the limits count over all organizations.
    organization_id uuid not null,
    top_up_id uuid not null,
    gateway text not null,
    fingerprint text not null,
    at timestamptz not null,
    primary key (shard_id, organization_id, top_up_id)
);

create index charged_method_attempts_by_fingerprint on charged_method_attempts (shard_id, gateway, fingerprint, at);

-- What a person of the operator said of a payment or a refund that no gateway tells of.
create table hand_verdicts (
    shard_id smallint not null,
    organization_id uuid not null,
    -- The top-up or the refund.
    subject_id uuid not null,
    verdict text not null check (verdict in ('confirmed', 'rejected')),
    reference text not null,
    said_by text not null,
    said_at timestamptz not null,
    primary key (shard_id, organization_id, subject_id)
);

-- Messages whose origin was proven, byte by byte as they came.
create table gateway_messages (
    shard_id smallint not null,
    organization_id uuid not null,
    message_id uuid not null,
    gateway text not null,
    -- JSON.
    headers text not null,
    body bytea not null,
    received_at timestamptz not null,
    primary key (shard_id, organization_id, message_id)
);

-- What gateways have told of, each once, whether a message or a sweep brought it.
create table gateway_events (
    shard_id smallint not null,
    organization_id uuid not null,
    gateway_event_id uuid not null,
    gateway text not null,
    event_id text not null,
    kind text not null,
    object_reference text not null,
    idempotency_key text,
    occurred_at timestamptz not null,
    noted_at timestamptz not null,
    -- None where a sweep found it.
    message_id uuid,
    state text not null check (state in ('waiting', 'done', 'ignored', 'failed')),
    attempts integer not null default 0,
    next_try_at timestamptz not null,
    failure text not null default '',
    primary key (shard_id, organization_id, gateway_event_id),
    unique (shard_id, organization_id, gateway, event_id)
);

create index gateway_events_waiting on gateway_events (shard_id, next_try_at) where state = 'waiting';

-- How far each of a gateway's lists was read.
create table gateway_cursors (
    shard_id smallint not null,
    organization_id uuid not null,
    gateway text not null,
    list text not null check (list in ('events', 'payouts')),
    cursor text,
    read_at timestamptz not null,
    primary key (shard_id, organization_id, gateway, list)
);

create table gateway_payouts (
    shard_id smallint not null,
    organization_id uuid not null,
    gateway text not null,
    reference text not null,
    amount_micros bigint not null,
    currency text not null,
    arrives_on date not null,
    state text not null,
    noted_at timestamptz not null,
    primary key (shard_id, organization_id, gateway, reference)
);
