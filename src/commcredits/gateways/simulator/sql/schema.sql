-- The simulated gateway's books. Instants are text of one width (RFC 3339, UTC, microseconds), so they sort.

-- How many references were given out: with one seed, the same acts get the same references.
create table reference_counter (
    given_out integer not null
) strict;

insert into reference_counter (given_out) values (0);

create table customers (
    reference text primary key,
    name text not null,
    metadata text not null,
    created_at text not null
) strict;

create table payment_methods (
    sequence integer primary key autoincrement,
    reference text not null unique,
    customer_reference text not null references customers (reference),
    card_name text not null,
    last4 text not null,
    expiry_month integer not null,
    expiry_year integer not null,
    fingerprint text not null,
    detached_at text
) strict;

create index payment_methods_by_customer on payment_methods (customer_reference, sequence);

create table setups (
    reference text primary key,
    page_token text not null unique,
    customer_reference text not null references customers (reference),
    return_url text not null,
    payment_method_reference text references payment_methods (reference)
) strict;

create table charges (
    sequence integer primary key autoincrement,
    reference text not null unique,
    idempotency_key text not null unique,
    payment_method_reference text not null references payment_methods (reference),
    amount_minor integer not null check (amount_minor > 0),
    currency text not null,
    off_session integer not null check (off_session in (0, 1)),
    description text not null,
    metadata text not null,
    return_url text,
    status text not null check (status in ('succeeded', 'processing', 'action_required', 'declined')),
    decline_code text,
    fee_minor integer,
    page_token text unique,
    settles_at text,
    settles_declined_code text,
    refunded_minor integer not null default 0,
    dispute_state text check (dispute_state in ('opened', 'won', 'lost')),
    webhook_fault text,
    created_at text not null,
    -- The last line of defence: no bug above can give back more than was taken, or anything of what was not.
    check (refunded_minor between 0 and iif(status = 'succeeded', amount_minor, 0)),
    check ((status = 'declined') = (decline_code is not null)),
    check ((status = 'processing') = (settles_at is not null))
) strict;

create index charges_to_settle on charges (settles_at) where settles_at is not null;

-- Keys that were closed before any charge came with them.
create table closed_keys (
    idempotency_key text primary key,
    closed_at text not null
) strict;

create table refunds (
    reference text primary key,
    idempotency_key text not null unique,
    charge_reference text not null references charges (reference),
    amount_minor integer not null check (amount_minor > 0),
    currency text not null,
    reason text not null,
    refusal_code text,
    created_at text not null
) strict;

-- The first answer to every key: the same key and content is answered with it again.
create table answers (
    operation text not null,
    idempotency_key text not null,
    content_digest blob not null,
    body blob not null,
    primary key (operation, idempotency_key)
) strict;

create table events (
    sequence integer primary key autoincrement,
    id text not null unique,
    kind text not null,
    object_reference text not null,
    idempotency_key text,
    occurred_at text not null
) strict;

create table deliveries (
    sequence integer primary key autoincrement,
    event_sequence integer not null references events (sequence),
    due_at text not null,
    tries integer not null default 0
) strict;

create index deliveries_by_due on deliveries (due_at, sequence);

create table script (
    sequence integer primary key autoincrement,
    operation text not null,
    payment_method_reference text,
    requests_left integer check (requests_left > 0),
    fault text not null
) strict;
