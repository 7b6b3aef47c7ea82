-- Who pays: people, their licences and rules, meters of pools and limits, blocks, numbers in stock, rate decks in drafts.

-- The deck that takes the place of an organization's at an instant; both null once nothing is laid ready. A table of its
-- own: organizations stays narrow, for older planners choose worse plans for wider rows of an empty table.
create table next_rate_decks (
    shard_id smallint not null,
    organization_id uuid not null,
    rate_deck_id uuid,
    in_force_at timestamptz,
    primary key (shard_id, organization_id),
    constraint next_rate_deck_has_its_instant check ((rate_deck_id is null) = (in_force_at is null))
);

-- What calls recorded after the fact found no funds for; the next purchase pays it first.
alter table accounts add column owed_micros bigint not null default 0 check (owed_micros >= 0);

-- A debt and its repayment's other side touch no lot.
alter table journal alter column lot_id drop not null;

alter table fund_lots
    drop constraint fund_lots_source_check,
    add constraint fund_lots_source_check check (source in ('manual', 'auto_recharge', 'promotion', 'opening_balance'));

alter table call_sessions
    add column call_type text,
    add column who_pays_row smallint,
    add column party_id uuid,
    add column department text,
    add column usage_location text,
    add column other_country text,
    add column domestic boolean,
    add column capability text,
    add column conference_id text,
    add column pool_key text,
    add column pool_period text,
    -- Whose call it is where the plan of party_id pays for it: shared calling.
    add column user_id uuid,
    add column rate_origin_country text,
    add column rate_shape text,
    add column included_seconds integer not null default 0 check (included_seconds >= 0),
    -- What the call holds and has used of meters, as JSON; null when no limit and no pool binds it.
    add column meter_parts text,
    add column owed_micros bigint not null default 0 check (owed_micros >= 0);

create index call_sessions_by_party on call_sessions (shard_id, organization_id, party_id, authorised_at)
    where party_id is not null;

-- Calls that no rate was known for, and those that credits may not pay for: few, and the operator looks for the former. On
-- a column that no running call changes, so that updates of calls stay as cheap as they are.
create index call_sessions_without_rate on call_sessions (shard_id, organization_id, authorised_at, session_id)
    where rate_prefix is null;

-- The operator's own mappings of files of call records, as JSON.
create table call_mappings (
    shard_id smallint not null,
    organization_id uuid not null,
    name text not null check (length(name) between 1 and 64),
    document text not null,
    saved_at timestamptz not null,
    primary key (shard_id, organization_id, name)
);

-- Users and resource accounts.
create table parties (
    shard_id smallint not null,
    organization_id uuid not null,
    party_id uuid not null,
    kind text not null check (kind in ('user', 'resource_account')),
    user_principal_name text not null check (length(user_principal_name) between 1 and 320),
    display_name text not null check (length(display_name) <= 200),
    usage_location text not null check (usage_location ~ '^([A-Z]{2})?$'),
    department text not null check (length(department) <= 200),
    licences text[] not null,
    conference_dial_out text check (conference_dial_out in ('any', 'same_country', 'zone_a', 'none')),
    user_dial_out text check (user_dial_out in ('international_and_domestic', 'domestic', 'none')),
    premium_allowed boolean,
    toll_free_allowed boolean not null,
    monthly_cap_micros bigint check (monthly_cap_micros >= 0),
    shared_calling_account uuid,
    created_at timestamptz not null,
    primary key (shard_id, organization_id, party_id),
    constraint dial_out_is_whole check ((conference_dial_out is null) = (user_dial_out is null))
);

-- Partial on conditions that everybody meets, like call_sessions_by_time: only look-ups by name, and listings, which name
-- them, may use these indexes, so that no plan for a look-up by id can mistake one for the primary key.
create unique index parties_by_name on parties (shard_id, organization_id, lower(user_principal_name))
    where user_principal_name <> '';
create index parties_by_display_name on parties (shard_id, organization_id, display_name, party_id)
    where created_at > '2000-01-01T00:00:00Z';

create table licence_stock (
    shard_id smallint not null,
    organization_id uuid not null,
    licence text not null,
    -- Empty: bought for no country in particular.
    country text not null check (country ~ '^([A-Z]{2})?$'),
    purchased integer not null check (purchased between 0 and 10000000),
    primary key (shard_id, organization_id, licence, country)
);

-- One row per organization with people or rules: what of them counts for all of its calls, as JSON. Whoever changes
-- people, licences, numbers or rules locks it, writes it anew, and moves the account's version.
create table rosters (
    shard_id smallint not null,
    organization_id uuid not null,
    version bigint not null,
    roster text not null,
    primary key (shard_id, organization_id)
);

-- Totals that calls hold and use: minutes of a pool, money under a cap, calls at once.
create table meters (
    shard_id smallint not null,
    organization_id uuid not null,
    key text not null,
    period text not null,
    used bigint not null,
    held bigint not null check (held >= 0),
    -- Since when the limit has left nothing; null while there is something left.
    reached_at timestamptz,
    primary key (shard_id, organization_id, key, period),
    -- Where somebody lifted a block, what running calls held then stands below zero in what is used.
    constraint meters_are_never_below_nothing check (used + held >= 0)
) with (fillfactor = 70);

create table blocks (
    shard_id smallint not null,
    organization_id uuid not null,
    block_id uuid not null,
    kind text not null check (kind in ('user', 'destination')),
    subject text not null,
    reason text not null,
    limit_micros bigint not null,
    spent_micros bigint not null,
    -- The hour or the day in which it was spent, by when its calls began; empty where somebody set the block.
    period text not null,
    blocked_at timestamptz not null,
    lifted_at timestamptz,
    lifted_by text not null,
    -- When the operator's log was told; until then the worker owes it.
    announced_at timestamptz,
    primary key (shard_id, organization_id, block_id)
);

create index blocks_in_force on blocks (shard_id, organization_id) where lifted_at is null;
create index blocks_by_time on blocks (shard_id, organization_id, blocked_at, block_id);
create index blocks_to_announce on blocks (shard_id, blocked_at) where announced_at is null;

alter table phone_numbers
    drop constraint phone_numbers_kind_check,
    add constraint phone_numbers_kind_check check (kind in ('user', 'toll', 'toll_free')),
    add column purpose text not null default 'unassigned'
    check (purpose in ('unassigned', 'person', 'conference_bridge', 'auto_attendant', 'call_queue')),
    add column party_id uuid,
    add constraint numbers_are_for_what_their_kind_is check (
        purpose = 'unassigned' or (kind = 'user') = (purpose = 'person')
    ),
    add constraint somebody_has_what_is_not_the_bridge check (
        (party_id is not null) = (purpose in ('person', 'auto_attendant', 'call_queue'))
    );

-- Partial on a condition that every number meets, like call_sessions_by_time: only the directory, which names it, may use
-- this index, so that no plan for a look-up by number can mistake it for that number's own.
drop index phone_numbers_by_generation;
create index phone_numbers_by_generation on phone_numbers (shard_id, generation) where generation > 0;

create index phone_numbers_by_party on phone_numbers (shard_id, organization_id, party_id) where party_id is not null;

-- Numbers that the operator has in stock: whoever reserves one has ten minutes to take it.
create table number_stock (
    shard_id smallint not null,
    organization_id uuid not null,
    number text not null check (number ~ '^\+[1-9][0-9]{4,14}$'),
    kind text not null check (kind in ('user', 'toll', 'toll_free')),
    country text not null check (country ~ '^([A-Z]{2})?$'),
    place text not null check (length(place) <= 200),
    reserved_by uuid,
    reserved_until timestamptz,
    acquired_by uuid,
    added_at timestamptz not null,
    primary key (shard_id, organization_id, number),
    constraint reservations_end check ((reserved_by is null) = (reserved_until is null))
);

create index number_stock_to_have on number_stock (shard_id, organization_id, kind, country, number)
    where acquired_by is null;

alter table rate_decks
    add column state text not null default 'published' check (state in ('draft', 'published', 'discarded')),
    add column created_at timestamptz,
    -- What the deck says for all of its rates, as JSON: time zone, bands, holidays, rounding.
    add column terms text not null default '{}',
    add column replaces_rate_deck_id uuid,
    add column in_force_at timestamptz,
    -- From then on the organizations that it was published for are back on the deck that it replaced.
    add column rolled_back_at timestamptz,
    alter column published_at drop not null;

update rate_decks set created_at = published_at;

alter table rate_decks
    alter column created_at set not null,
    add constraint published_decks_say_when check ((state = 'published') = (published_at is not null));

alter table rates
    add column origin_country text not null default '' check (origin_country ~ '^([A-Z]{2})?$'),
    -- What makes this rate's price other than flat, as JSON; null when nothing does.
    add column shape text,
    drop constraint rates_pkey,
    add primary key (shard_id, organization_id, rate_deck_id, service, prefix, origin_country, effective_from);

-- The rates of a draft go when it is discarded; all others stay as they were written.
drop trigger rates_are_append_only on rates;

create trigger rates_are_never_updated before update on rates
    for each row execute function refuse_change();

create function refuse_loss_of_rates() returns trigger language plpgsql as $$
begin
    if exists (
        select
        from lost l
        left join rate_decks d
            on d.shard_id = l.shard_id
            and d.organization_id = l.organization_id
            and d.rate_deck_id = l.rate_deck_id
        where d.state is distinct from 'discarded'
    ) then
        raise exception 'rates is append-only: a correction is another row'
            using errcode = 'integrity_constraint_violation';
    end if;
    return null;
end
$$;

create trigger rates_of_other_than_discarded_drafts_stay after delete on rates
    referencing old table as lost
    for each statement execute function refuse_loss_of_rates();
