-- Telling: who hears of which notice, mails, and webhooks with their deliveries.

create table notice_recipients (
    shard_id smallint not null,
    organization_id uuid not null,
    recipient_id uuid not null,
    address text not null check (length(address) between 3 and 254),
    language text not null check (language in ('en', 'ro')),
    -- Kinds of notices and groups of them, as they were chosen.
    kinds text[] not null check (cardinality(kinds) between 1 and 64),
    created_at timestamptz not null,
    primary key (shard_id, organization_id, recipient_id)
);

create unique index notice_recipients_by_address on notice_recipients (shard_id, organization_id, lower(address));

-- One mail to one address; waiting ones are owed by the worker.
create table mails (
    shard_id smallint not null,
    organization_id uuid not null,
    mail_id uuid not null,
    notice_id uuid not null,
    address text not null check (length(address) between 3 and 254),
    language text not null check (language in ('en', 'ro')),
    state text not null check (state in ('waiting', 'sent', 'failed')),
    -- Rises with each try, and so names it: only who made the latest try writes down what came of it.
    attempts smallint not null default 0,
    made_at timestamptz not null,
    -- When to try; while somebody tries, until when nobody else does.
    next_at timestamptz not null,
    settled_at timestamptz,
    -- What a mail server answered or what went wrong, cut short and without any address.
    trouble text not null default '' check (length(trouble) <= 200),
    primary key (shard_id, organization_id, mail_id),
    unique (shard_id, organization_id, notice_id, address)
);

create index mails_to_send on mails (shard_id, next_at) where state = 'waiting';
create index mails_settled on mails (shard_id, settled_at) where settled_at is not null;

create table webhook_endpoints (
    shard_id smallint not null,
    organization_id uuid not null,
    endpoint_id uuid not null,
    url text not null check (length(url) between 8 and 2048),
    description text not null check (length(description) <= 200),
    kinds text[] not null check (cardinality(kinds) between 1 and 64),
    secret text not null check (length(secret) between 38 and 100),
    -- The secret before, which signs beside the other until then.
    old_secret text check (length(old_secret) between 38 and 100),
    old_secret_until timestamptz,
    state text not null check (state in ('enabled', 'disabled')),
    disabled_because text not null check (disabled_because in ('', 'failing', 'gone', 'by_hand')),
    disabled_at timestamptz,
    -- Since when nothing was taken there; null while deliveries are.
    failing_since timestamptz,
    created_at timestamptz not null,
    primary key (shard_id, organization_id, endpoint_id),
    constraint old_secrets_end check ((old_secret is null) = (old_secret_until is null)),
    constraint who_is_disabled_is_so_for_a_reason check (
        (state = 'disabled') = (disabled_because <> '') and (state = 'disabled') = (disabled_at is not null)
    )
);

-- One notice on its way to one endpoint; also the log of what came of it.
create table webhook_deliveries (
    shard_id smallint not null,
    organization_id uuid not null,
    delivery_id uuid not null,
    endpoint_id uuid not null,
    notice_id uuid not null,
    state text not null check (state in ('waiting', 'delivered', 'failed')),
    attempts smallint not null default 0,
    -- Tries since it was made or since somebody asked for it again.
    tries smallint not null default 0,
    made_at timestamptz not null,
    next_at timestamptz not null,
    attempted_at timestamptz,
    settled_at timestamptz,
    -- The latest answer's status and a part of what it said; null where there was none.
    status smallint,
    answer text not null default '' check (length(answer) <= 500),
    trouble text not null default '' check (length(trouble) <= 200),
    primary key (shard_id, organization_id, delivery_id),
    unique (shard_id, organization_id, notice_id, endpoint_id)
);

create index webhook_deliveries_to_make on webhook_deliveries (shard_id, organization_id, endpoint_id, next_at)
    where state = 'waiting';
create index webhook_deliveries_of_endpoints on webhook_deliveries (shard_id, organization_id, endpoint_id, delivery_id);
create index webhook_deliveries_settled on webhook_deliveries (shard_id, settled_at) where settled_at is not null;

-- Partial on a condition that every notice meets: only the listing, which names it, may use this index.
create index notices_by_time on notices (shard_id, organization_id, noticed_at, notice_id)
    where noticed_at > '2000-01-01T00:00:00Z';
