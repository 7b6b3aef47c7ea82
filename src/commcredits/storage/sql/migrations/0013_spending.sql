-- Sums of calls by day, for reports on spending.

-- What the calls of one local day of an organization came to, by one dimension: service, department, user, destination,
-- capability, pool (what calls cost beyond minute pools), dial_out (conference legs by organizer). Always summed anew from
-- the calls, never added to.
create table spending_days (
    shard_id smallint not null,
    organization_id uuid not null,
    dimension text not null,
    day date not null,
    key text not null,
    name text not null,
    calls bigint not null,
    seconds bigint not null,
    pool_minutes bigint not null,
    charged_micros bigint not null,
    primary key (shard_id, organization_id, dimension, day, key, name)
);

-- For how a few of them spent over a long time.
create index spending_days_by_key on spending_days (shard_id, organization_id, dimension, key, day);

-- The same for whole months, of which every day has been summed: the sums of their days.
create table spending_months (
    shard_id smallint not null,
    organization_id uuid not null,
    dimension text not null,
    month date not null,
    key text not null,
    name text not null,
    calls bigint not null,
    seconds bigint not null,
    pool_minutes bigint not null,
    charged_micros bigint not null,
    primary key (shard_id, organization_id, dimension, month, key, name)
);

create index spending_months_by_key on spending_months (shard_id, organization_id, dimension, key, month);

-- How far an organization's days have been summed, and in which zone its days were meant. Whoever sums locks the row.
create table spending_progress (
    shard_id smallint not null,
    organization_id uuid not null,
    time_zone text not null,
    summed_through date not null,
    -- When the day after that is over.
    next_day_over_at timestamptz not null,
    primary key (shard_id, organization_id)
);

-- Calls of that hour (UTC) changed after they were over, or came after the fact: their day is to be summed anew. Written in
-- the transaction that changes the call, and removed in the one that sums the day, by whoever can see both; so it matters
-- neither when a transaction began nor when it was committed. Zero instead of a transaction: calls of that day ran when it
-- was summed.
create table spending_changes (
    shard_id smallint not null,
    organization_id uuid not null,
    began_hour timestamptz not null,
    changed_in bigint not null,
    primary key (shard_id, organization_id, began_hour, changed_in)
);

-- One row for all calls of an hour that one transaction changes; no transaction waits here for another one.
create function note_changed_call() returns trigger language plpgsql as $$
begin
    insert into spending_changes (shard_id, organization_id, began_hour, changed_in)
    values (
        new.shard_id, new.organization_id, date_trunc('hour', new.authorised_at, 'UTC'),
        pg_current_xact_id()::text::bigint
    )
    on conflict do nothing;
    return null;
end
$$;

-- The conditions are tested in place: a call that is made, runs and ends calls nothing here.
create trigger calls_told_after_the_fact after insert on call_sessions
    for each row when (not new.live and new.state <> 'refused')
    execute function note_changed_call();
create trigger calls_changed_when_over after update on call_sessions
    for each row when (not old.live)
    execute function note_changed_call();

-- Each call once for every dimension that it counts in. What a call is spending on is said here and nowhere else.
create view spending_of_calls as
select
    s.shard_id,
    s.organization_id,
    s.authorised_at,
    d.dimension,
    d.key,
    d.name,
    d.seconds,
    (least(s.used_seconds, s.included_seconds) + 59) / 60 as pool_minutes,
    s.charged_micros
from call_sessions s
cross join lateral (
    values
        ('service', s.service, coalesce(s.call_type, ''), s.used_seconds, true),
        ('department', coalesce(s.department, ''), '', s.used_seconds, true),
        ('user', coalesce(coalesce(s.user_id, s.party_id)::text, ''), '', s.used_seconds, true),
        ('destination', coalesce(s.other_country, ''), coalesce(s.rate_destination, ''), s.used_seconds, true),
        (
            'capability',
            case when s.pool_key <> '' and s.included_seconds = 0 then 'MCOPSTNPP' else coalesce(s.capability, '') end,
            '', s.used_seconds, true
        ),
        (
            'pool',
            case
                when starts_with(s.pool_key, 'pool:MCOPSTN8:') then 'pool:MCOPSTN8:' || s.usage_location
                else s.pool_key
            end,
            '', s.used_seconds - s.included_seconds, s.pool_key <> '' and s.used_seconds > s.included_seconds
        ),
        (
            'dial_out', coalesce(s.party_id::text, ''), coalesce(s.usage_location, ''), s.used_seconds,
            s.service = 'conference_dial_out'
        )
) as d (dimension, key, name, seconds, counts)
where s.state <> 'refused' and d.counts;

-- What moved between an organization's accounts on one of its local days. The journal is append-only, so these only grow;
-- how far it has been read is kept below.
create table journal_days (
    shard_id smallint not null,
    organization_id uuid not null,
    day date not null,
    source text not null,
    target text not null,
    reason text not null,
    transfers bigint not null,
    amount_micros bigint not null,
    primary key (shard_id, organization_id, day, source, target, reason)
);

-- One row: every transfer of the shard before this instant is in journal_days.
create table journal_progress (
    shard_id smallint not null,
    organization_id uuid not null,
    summed_to timestamptz not null,
    primary key (shard_id, organization_id)
);

-- What was given back of calls, for whoever asks about one; few, so that the journal is written as quickly as before.
create index journal_of_corrections on journal (shard_id, organization_id, session_id)
    where reason in ('call_correction', 'debt_correction');
