-- What the operator's console keeps: who asked and agreed, cost decks, margins, rounds of the worker, verifications.

-- A person is known by what they proved, whatever name was typed: the second of two must be another actor.
alter table adjustments
    add column requested_actor text not null default '',
    add column decided_actor text not null default '';

update adjustments
set requested_actor = 'operator:' || requested_by,
    decided_actor = case decided_by when '' then '' else 'operator:' || decided_by end;

create index adjustments_by_actor on adjustments (shard_id, organization_id, requested_actor, requested_at);
create index adjustments_pending on adjustments (shard_id, adjustment_id) where state = 'pending';
drop index adjustments_by_person;

alter table blocks add column lift_reason text not null default '' check (length(lift_reason) <= 500);

-- A cost deck says what calls cost the operator from in_force_at on; it prices nobody's calls.
alter table rate_decks
    drop constraint rate_decks_state_check,
    add constraint rate_decks_state_check check (state in ('draft', 'published', 'discarded', 'cost'));

create index rate_decks_of_costs on rate_decks (shard_id, organization_id, currency, in_force_at) where state = 'cost';

-- What calls brought and cost over a period, for all organizations of a currency; made by the worker, once asked for.
create table margin_reports (
    shard_id smallint not null,
    organization_id uuid not null,
    report_id uuid not null,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    begins_at timestamptz not null,
    ends_at timestamptz not null check (ends_at > begins_at),
    state text not null check (state in ('waiting', 'running', 'done', 'failed')),
    asked_by text not null,
    asked_at timestamptz not null,
    began_at timestamptz,
    ended_at timestamptz,
    calls bigint not null default 0,
    -- JSON.
    result text not null default '',
    failure text not null default '' check (length(failure) <= 200),
    primary key (shard_id, organization_id, report_id)
);

create index margin_reports_to_make on margin_reports (shard_id, report_id) where state in ('waiting', 'running');

-- When each round of the worker last ran, written every few seconds for all of them at once.
create table worker_rounds (
    shard_id smallint not null,
    organization_id uuid not null,
    name text not null check (length(name) between 1 and 64),
    worker text not null check (length(worker) <= 100),
    interval_milliseconds bigint not null,
    began_at timestamptz not null,
    ended_at timestamptz not null,
    milliseconds bigint not null check (milliseconds >= 0),
    did bigint not null,
    runs bigint not null,
    last_well_at timestamptz,
    last_useful_at timestamptz,
    failures integer not null check (failures >= 0),
    failure text not null check (length(failure) <= 200),
    noted_at timestamptz not null,
    primary key (shard_id, organization_id, name)
) with (fillfactor = 50);

-- Each proof that the books agree: who asked for it, and what it found.
create table verify_runs (
    shard_id smallint not null,
    organization_id uuid not null,
    run_id uuid not null,
    state text not null check (state in ('waiting', 'running', 'agreed', 'differed', 'failed')),
    asked_by text not null,
    asked_at timestamptz not null,
    began_at timestamptz,
    ended_at timestamptz,
    checks_done integer not null default 0,
    checks integer not null default 0,
    organizations bigint not null default 0,
    transfers bigint not null default 0,
    discrepancies_found integer not null default 0,
    -- JSON: the first of them.
    discrepancies text not null default '[]',
    failure text not null default '' check (length(failure) <= 200),
    primary key (shard_id, organization_id, run_id)
);

create index verify_runs_open on verify_runs (shard_id, run_id) where state in ('waiting', 'running');

-- What the console lists over all organizations is few; each list has an index of its own.
create index gateway_events_failed on gateway_events (shard_id, gateway_event_id) where state = 'failed';
create index mails_failed on mails (shard_id, mail_id) where state = 'failed';
create index webhook_deliveries_failed on webhook_deliveries (shard_id, delivery_id) where state = 'failed';

-- What each organization's calls cost in the last 24 hours beside a usual day of theirs; measured anew every few minutes.
create table spend_watch (
    shard_id smallint not null,
    organization_id uuid not null,
    measured_at timestamptz not null,
    calls bigint not null,
    charged_micros bigint not null,
    toll_free_micros bigint not null,
    unassigned_micros bigint not null,
    usual_micros bigint not null,
    -- Of those days, how many are known.
    days_known integer not null,
    primary key (shard_id, organization_id)
) with (fillfactor = 70);
