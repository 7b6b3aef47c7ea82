-- Receipts: numbered series, documents that never change, and who buys.

-- Who buys, as the next receipt shall say it; each receipt keeps a copy of what held when it was issued.
create table billing_details (
    shard_id smallint not null,
    organization_id uuid not null,
    -- JSON: commcredits.core.parties.Party.
    details text not null,
    changed_at timestamptz not null,
    primary key (shard_id, organization_id)
);

-- The last number of each series. Whoever issues holds this row's lock until the commit, so that a number is given back
-- when a transaction fails, and numbers have no gaps whoever issues.
create table receipt_series (
    shard_id smallint not null,
    organization_id uuid not null,
    series text not null check (series ~ '^[A-Z][A-Z0-9]{0,9}$'),
    last_sequence integer not null check (last_sequence >= 0),
    last_issued_at timestamptz not null,
    primary key (shard_id, organization_id, series)
);

create table receipts (
    shard_id smallint not null,
    organization_id uuid not null,
    receipt_id uuid not null,
    series text not null,
    sequence integer not null check (sequence > 0),
    number text not null,
    cause text not null check (cause in ('top_up', 'refund', 'dispute')),
    -- The refund, or else the top-up.
    subject_id uuid not null,
    top_up_id uuid not null,
    issued_at timestamptz not null,
    settled_at timestamptz not null,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    net_micros bigint not null check (net_micros >= 0),
    tax_micros bigint not null check (tax_micros >= 0),
    -- JSON: commcredits.core.receipts.ReceiptDocument.
    document text not null,
    primary key (shard_id, organization_id, receipt_id),
    -- Each thing that was settled has one document.
    unique (shard_id, organization_id, cause, subject_id),
    unique (shard_id, organization_id, number),
    unique (shard_id, series, sequence)
);

create index receipts_of_top_ups on receipts (shard_id, organization_id, top_up_id);

create trigger receipts_are_immutable before update or delete on receipts
    for each row execute function refuse_change();
create trigger receipts_are_never_emptied before truncate on receipts
    for each statement execute function refuse_change();

-- Where documents may be owed: the worker asks for what was settled since it last found nothing.
create index top_ups_settled on top_ups (shard_id, settled_at) where state in ('succeeded', 'disputed', 'reversed');
create index refunds_settled on refunds (shard_id, settled_at) where state = 'refunded';
create index journal_of_lost_disputes on journal (shard_id, organization_id, top_up_id) where reason = 'dispute_lost';
