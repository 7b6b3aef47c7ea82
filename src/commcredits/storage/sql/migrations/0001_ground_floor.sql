-- The ground floor: organizations and their money, calls, top-ups, the journal, rate decks and numbers.
--
-- Every table leads with shard_id, then organization_id, so that the same SQL runs on a cluster distributed by shard.
-- Rows that belong to the operator carry the nil UUID as organization_id. Amounts are millionths of the major unit.
-- Hot tables have no foreign keys: a check per row would cost more than the row; `commcredits verify` proves the links.

create table organizations (
    shard_id smallint not null,
    organization_id uuid not null,
    name text not null check (length(name) between 1 and 200),
    country text not null check (country ~ '^[A-Z]{2}$'),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    minor_digits smallint not null check (minor_digits between 0 and 4),
    time_zone text not null,
    language text not null check (language in ('en', 'ro')),
    status text not null default 'open' check (status in ('open', 'closing', 'closed')),
    rate_deck_id uuid,
    created_at timestamptz not null,
    primary key (shard_id, organization_id)
);

create index organizations_by_name on organizations (shard_id, name, organization_id);

-- The one row that every decision about money is checked against: its version moves with every change.
create table accounts (
    shard_id smallint not null,
    organization_id uuid not null,
    version bigint not null,
    posted_micros bigint not null,
    held_micros bigint not null,
    lot_ids uuid[] not null,
    lot_free_micros bigint[] not null,
    lot_held_micros bigint[] not null,
    primary key (shard_id, organization_id),
    constraint held_within_posted check (0 <= held_micros and held_micros <= posted_micros),
    constraint lots_never_negative check (0 <= all (lot_free_micros) and 0 <= all (lot_held_micros)),
    constraint lots_in_step check (
        cardinality(lot_ids) = cardinality(lot_free_micros) and cardinality(lot_ids) = cardinality(lot_held_micros)
    )
) with (fillfactor = 50);

create table fund_lots (
    shard_id smallint not null,
    organization_id uuid not null,
    lot_id uuid not null,
    source text not null check (source in ('manual', 'auto_recharge', 'promotion')),
    amount_micros bigint not null check (amount_micros > 0),
    purchased_at timestamptz not null,
    expires_at timestamptz not null,
    primary key (shard_id, organization_id, lot_id)
);

create index fund_lots_by_expiry on fund_lots (shard_id, expires_at);

create table recharge_rules (
    shard_id smallint not null,
    organization_id uuid not null,
    enabled boolean not null,
    recharge_amount_micros bigint not null,
    trigger_amount_micros bigint not null,
    monthly_cap_micros bigint not null,
    payment_method text not null,
    cool_down_until timestamptz,
    declines integer not null check (declines >= 0),
    retry_at timestamptz,
    suspended boolean not null,
    month text not null,
    month_micros bigint not null check (month_micros >= 0),
    primary key (shard_id, organization_id)
);

create table top_ups (
    shard_id smallint not null,
    organization_id uuid not null,
    top_up_id uuid not null,
    kind text not null check (kind in ('manual', 'auto_recharge')),
    state text not null check (
        state in ('due', 'sent', 'processing', 'action_required', 'unknown', 'succeeded', 'declined', 'cancelled')
    ),
    amount_micros bigint not null check (amount_micros > 0),
    payment_method text not null,
    created_at timestamptz not null,
    sent_at timestamptz,
    settled_at timestamptz,
    gateway text not null,
    gateway_reference text not null,
    reason text not null,
    action_url text not null,
    lot_id uuid,
    primary key (shard_id, organization_id, top_up_id)
);

create index top_ups_open on top_ups (shard_id, organization_id, created_at)
    where state in ('due', 'sent', 'processing', 'action_required', 'unknown');

-- At most one open auto-recharge attempt per organization, whatever the program believes.
create unique index top_ups_one_open_recharge on top_ups (shard_id, organization_id)
    where kind = 'auto_recharge' and state in ('due', 'sent', 'processing', 'action_required', 'unknown');

create table call_sessions (
    shard_id smallint not null,
    organization_id uuid not null,
    session_id text not null,
    service text not null,
    caller text not null,
    callee text not null,
    rate_deck_id uuid,
    rate_prefix text,
    rate_destination text,
    price_per_minute_micros bigint,
    connection_fee_micros bigint,
    first_increment_seconds integer,
    next_increment_seconds integer,
    rate_effective_from timestamptz,
    authorised_at timestamptz not null,
    state text not null,
    live boolean not null,
    grant_number integer not null,
    granted_seconds integer not null,
    final boolean not null,
    grant_ends_at timestamptz not null,
    used_seconds integer not null,
    overrun_seconds bigint not null,
    charged_micros bigint not null check (charged_micros >= 0),
    part_lot_ids uuid[] not null,
    part_held_micros bigint[] not null check (0 <= all (part_held_micros)),
    part_drawn_micros bigint[] not null check (0 <= all (part_drawn_micros)),
    started_at timestamptz,
    ended_at timestamptz,
    cause text not null,
    memory text not null,
    primary key (shard_id, organization_id, session_id)
) with (fillfactor = 50);

-- Partial on a condition that every call meets: only listings, which name it, may use this index, so that no plan for a
-- look-up by id can mistake it for the primary key.
create index call_sessions_by_time on call_sessions (shard_id, organization_id, authorised_at, session_id)
    where authorised_at > '2000-01-01T00:00:00Z';

-- Calls that may still use funds, for the reaper. A table of its own, because an index on a column of call_sessions that
-- changes while a call runs would make every one of its updates rewrite all of its index entries.
create table live_calls (
    shard_id smallint not null,
    organization_id uuid not null,
    session_id text not null,
    look_at timestamptz not null,
    primary key (shard_id, organization_id, session_id)
);

create table journal (
    shard_id smallint not null,
    organization_id uuid not null,
    transfer_id uuid not null,
    at timestamptz not null,
    source text not null,
    target text not null,
    amount_micros bigint not null check (amount_micros > 0),
    reason text not null,
    lot_id uuid not null,
    session_id text,
    top_up_id uuid,
    primary key (shard_id, organization_id, transfer_id),
    constraint two_accounts check (source <> target)
);

create table commands (
    shard_id smallint not null,
    organization_id uuid not null,
    operation text not null,
    command_id text not null,
    content text not null,
    answer text not null,
    at timestamptz not null,
    primary key (shard_id, organization_id, operation, command_id)
);

-- Each commit of the charging path leaves its id here, so that a lost connection's outcome can be found out.
create table batches (
    shard_id smallint not null,
    organization_id uuid not null,
    batch_id uuid not null,
    at timestamptz not null default now(),
    primary key (shard_id, organization_id, batch_id)
);

create table rate_decks (
    shard_id smallint not null,
    organization_id uuid not null,
    rate_deck_id uuid not null,
    name text not null check (length(name) between 1 and 200),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    rate_count integer not null check (rate_count > 0),
    published_at timestamptz not null,
    primary key (shard_id, organization_id, rate_deck_id)
);

create table rates (
    shard_id smallint not null,
    organization_id uuid not null,
    rate_deck_id uuid not null,
    service text not null,
    prefix text not null check (prefix ~ '^[0-9]{1,15}$'),
    effective_from timestamptz not null,
    effective_to timestamptz check (effective_to > effective_from),
    destination text not null,
    price_per_minute_micros bigint not null check (price_per_minute_micros >= 0),
    connection_fee_micros bigint not null check (connection_fee_micros >= 0),
    first_increment_seconds integer not null check (first_increment_seconds >= 1),
    next_increment_seconds integer not null check (next_increment_seconds >= 1),
    primary key (shard_id, organization_id, rate_deck_id, service, prefix, effective_from)
);

create table phone_numbers (
    shard_id smallint not null,
    organization_id uuid not null,
    number text not null check (number ~ '^\+[1-9][0-9]{4,14}$'),
    kind text not null check (kind in ('user', 'toll_free')),
    display_name text not null,
    -- Of the subject 'phone_numbers' when this row was written: a directory asks for what is newer than it knows.
    generation bigint not null,
    created_at timestamptz not null,
    primary key (shard_id, organization_id, number),
    unique (shard_id, number)
);

create index phone_numbers_by_time on phone_numbers (shard_id, organization_id, created_at, number);
create index phone_numbers_by_generation on phone_numbers (shard_id, generation);

-- What a gateway told of a stored way to pay; never a whole card or account number.
create table payment_methods (
    shard_id smallint not null,
    organization_id uuid not null,
    payment_method_id uuid not null,
    gateway text not null,
    reference text not null,
    kind text not null,
    brand text not null,
    last4 text not null check (last4 ~ '^[0-9]{0,4}$'),
    expiry_month smallint,
    expiry_year smallint,
    created_at timestamptz not null,
    primary key (shard_id, organization_id, payment_method_id),
    unique (shard_id, organization_id, gateway, reference)
);

-- Counters that tell caches when operator-wide data moved.
create table generations (
    shard_id smallint not null,
    organization_id uuid not null,
    subject text not null,
    generation bigint not null,
    primary key (shard_id, organization_id, subject)
);

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only: a correction is another row', tg_table_name
        using errcode = 'integrity_constraint_violation';
end
$$;

create trigger journal_is_append_only before update or delete on journal
    for each row execute function refuse_change();
create trigger journal_is_never_emptied before truncate on journal
    for each statement execute function refuse_change();
create trigger fund_lots_are_append_only before update or delete on fund_lots
    for each row execute function refuse_change();
create trigger fund_lots_are_never_emptied before truncate on fund_lots
    for each statement execute function refuse_change();
create trigger rates_are_append_only before update or delete on rates
    for each row execute function refuse_change();
create trigger rates_are_never_emptied before truncate on rates
    for each statement execute function refuse_change();
