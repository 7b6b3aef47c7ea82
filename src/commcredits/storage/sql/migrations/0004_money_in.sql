-- Money in: how much a rule charges, backup methods, taxes, fees, refunds, disputes, alerts, notices, post-usage billing.

alter table organizations
    add column post_usage boolean not null default false,
    -- Whether the buyer's tax id was checked; the details stand in billing_details.
    add column has_tax_id boolean not null default false;

alter table fund_lots drop constraint fund_lots_source_check;
alter table fund_lots add constraint fund_lots_source_check check (
    source in ('manual', 'auto_recharge', 'promotion', 'opening_balance', 'adjustment', 'post_usage')
);

alter table recharge_rules
    add column mode text not null default 'fixed' check (mode in ('fixed', 'to_target', 'close_gap')),
    add column target_amount_micros bigint not null default 0 check (target_amount_micros >= 0),
    add column backup_payment_method text not null default '',
    add column expiry_ahead_days smallint not null default 0 check (expiry_ahead_days >= 0),
    add column backup_use text not null default 'none' check (backup_use in ('none', 'once', 'lasting')),
    add column paused text check (paused in ('dispute', 'refund', 'adjustment')),
    add column cap_told_percent smallint not null default 0;

alter table top_ups
    add column tax_treatment text not null default 'none'
        check (tax_treatment in ('none', 'on_top_up', 'on_use', 'reverse_charge')),
    add column tax_rate_micros bigint not null default 0 check (tax_rate_micros >= 0),
    add column tax_micros bigint not null default 0 check (tax_micros >= 0),
    add column fee_micros bigint not null default 0 check (fee_micros >= 0),
    add column refunded_micros bigint not null default 0
        check (refunded_micros >= 0 and refunded_micros <= amount_micros),
    add column refunded_tax_micros bigint not null default 0
        check (refunded_tax_micros >= 0 and refunded_tax_micros <= tax_micros),
    add column disputed_micros bigint not null default 0
        check (disputed_micros >= 0 and disputed_micros <= amount_micros),
    add column dispute_reference text not null default '';

alter table top_ups drop constraint top_ups_state_check;
alter table top_ups add constraint top_ups_state_check check (
    state in (
        'due', 'sent', 'processing', 'action_required', 'unknown', 'succeeded', 'declined', 'cancelled', 'disputed',
        'reversed'
    )
);

drop index top_ups_open;
create index top_ups_open on top_ups (shard_id, organization_id, created_at)
    where state in ('due', 'sent', 'processing', 'action_required', 'unknown', 'disputed');

create table refunds (
    shard_id smallint not null,
    organization_id uuid not null,
    refund_id uuid not null,
    top_up_id uuid not null,
    lot_id uuid not null,
    state text not null check (state in ('sent', 'processing', 'unknown', 'refunded', 'refused')),
    amount_micros bigint not null check (amount_micros > 0),
    tax_micros bigint not null check (tax_micros >= 0),
    reason text not null,
    requested_by text not null,
    created_at timestamptz not null,
    settled_at timestamptz,
    gateway_reference text not null,
    refusal text not null,
    primary key (shard_id, organization_id, refund_id)
);

create index refunds_of_top_ups on refunds (shard_id, organization_id, top_up_id);
create index refunds_open on refunds (shard_id, refund_id) where state in ('sent', 'processing', 'unknown');

create table balance_alerts (
    shard_id smallint not null,
    organization_id uuid not null,
    amounts_micros bigint[] not null,
    zero_told boolean not null,
    primary key (shard_id, organization_id)
);

-- Where funds were bought or given before, their end has not been told yet.
insert into balance_alerts (shard_id, organization_id, amounts_micros, zero_told)
select a.shard_id, a.organization_id, '{}', false
from accounts a
where a.posted_micros > 0;

-- What administrators are told of, once per kind and key; mails and webhooks are made from it.
create table notices (
    shard_id smallint not null,
    organization_id uuid not null,
    notice_id uuid not null,
    kind text not null,
    key text not null,
    -- JSON.
    facts text not null,
    noticed_at timestamptz not null,
    -- When mails and webhooks were made from it; until then the worker owes them.
    handed_on_at timestamptz,
    primary key (shard_id, organization_id, notice_id),
    unique (shard_id, organization_id, kind, key)
);

create index notices_to_hand_on on notices (shard_id, notice_id) where handed_on_at is null;
