-- Funding rules: vouchers, adjustments that a second person agrees to, organizations that close, the journal by time.

-- Funds that the operator gives or takes by hand. "approved" is owed to the account until it is "applied" there, or
-- "refused" by it; the id is the id of the account's command, so that nothing is applied twice.
create table adjustments (
    shard_id smallint not null,
    organization_id uuid not null,
    adjustment_id uuid not null,
    command_id text not null,
    amount_micros bigint not null check (amount_micros <> 0),
    currency text not null,
    reason text not null,
    state text not null check (state in ('pending', 'approved', 'applied', 'refused', 'rejected')),
    requested_by text not null,
    requested_at timestamptz not null,
    decided_by text not null,
    decided_at timestamptz,
    -- What of a negative one was not there, and is a debt.
    owed_micros bigint not null default 0,
    lot_id uuid,
    refusal text not null default '',
    primary key (shard_id, organization_id, adjustment_id),
    unique (shard_id, organization_id, command_id)
);

create index adjustments_to_apply on adjustments (shard_id, adjustment_id) where state = 'approved';
create index adjustments_by_person on adjustments (shard_id, organization_id, requested_by, requested_at);

-- Vouchers belong to the operator until an organization redeems one.
create table voucher_batches (
    shard_id smallint not null,
    organization_id uuid not null,
    batch_id uuid not null,
    quantity integer not null check (quantity > 0),
    amount_micros bigint not null check (amount_micros > 0),
    currency text not null,
    redeem_until timestamptz not null,
    lot_days integer not null check (lot_days > 0),
    note text not null,
    issued_by text not null,
    issued_at timestamptz not null,
    primary key (shard_id, organization_id, batch_id)
);

create table vouchers (
    shard_id smallint not null,
    organization_id uuid not null,
    voucher_id uuid not null,
    batch_id uuid not null,
    -- SHA-256 of the code, which is kept nowhere: 95 random bits cannot be tried through, so neither salt nor slowness
    -- would add anything.
    digest bytea not null check (length(digest) = 32),
    state text not null check (state in ('open', 'claimed', 'redeemed', 'voided')),
    -- Whose it is while it is claimed and after it was redeemed, and which claim that is: each is a command of its own.
    claimed_by uuid,
    claim_number integer not null default 0,
    claimed_at timestamptz,
    lot_expires_at timestamptz,
    lot_id uuid,
    voided_by text not null default '',
    voided_at timestamptz,
    primary key (shard_id, organization_id, voucher_id),
    unique (shard_id, organization_id, digest)
);

create index vouchers_of_batches on vouchers (shard_id, organization_id, batch_id, voucher_id);
create index vouchers_to_redeem on vouchers (shard_id, claimed_by, voucher_id) where state = 'claimed';

-- How often an organization has typed codes that are none.
create table voucher_attempts (
    shard_id smallint not null,
    organization_id uuid not null,
    window_began_at timestamptz not null,
    failures integer not null check (failures >= 0),
    primary key (shard_id, organization_id)
);

-- What becomes of what is left when an organization closes, and who said so.
create table closings (
    shard_id smallint not null,
    organization_id uuid not null,
    remainder text not null check (remainder in ('refund', 'forfeit')),
    requested_by text not null,
    requested_at timestamptz not null,
    closed_at timestamptz,
    primary key (shard_id, organization_id)
);

create index closings_open on closings (shard_id, organization_id) where closed_at is null;

-- For exports of a period. Rows come in order of time, so that this index has a few bytes per megabyte of journal.
create index journal_by_time on journal using brin (shard_id, at);
