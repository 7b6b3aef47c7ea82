-- Reports: calls as usage, what retention has erased of them, and exports under way.

-- When what was personal about a call was erased. Changes once, long after the call, and is on no index.
alter table call_sessions add column erased_at timestamptz;

-- Calls as usage reports tell of them: over, and of at least a second. A call that a pool paid first and credits after is
-- two rows of a report; here it is one with both capabilities, the seconds of each part and the money, which belongs to
-- the last part. Times are those of the answer; listings go by authorised_at, which an index is on.
create view usage_calls as
select
    parted.*,
    p.user_principal_name,
    p.display_name,
    parted.used_seconds - parted.first_seconds as then_seconds
from (
    select
        s.shard_id,
        s.organization_id,
        s.session_id,
        s.service,
        coalesce(
            s.call_type,
            case s.service
                when 'outbound' then 'user_out'
                when 'conference_dial_out' then 'conf_out'
                when 'emergency' then 'emergency_out'
                else 'unassigned_in'
            end
        ) as call_type,
        s.caller,
        s.callee,
        s.party_id,
        s.user_id,
        s.department,
        s.usage_location,
        s.other_country,
        s.domestic,
        s.conference_id,
        s.authorised_at,
        coalesce(s.started_at, s.authorised_at) as began_at,
        s.used_seconds,
        s.charged_micros,
        -- What the whole call was charged, rounded or at its maximum, may be less than the fee alone.
        least(coalesce(s.connection_fee_micros, 0), s.charged_micros) as fee_micros,
        case when s.rate_prefix <> '' then s.rate_destination end as destination,
        case
            when s.pool_key <> '' and s.included_seconds > 0 then coalesce(s.capability, '')
            when s.cause = 'FREECALL' then 'FREECALL'
            when s.pool_key <> '' then 'MCOPSTNPP'
            -- An organization without people and rules: credits pay for all of its calls.
            when s.call_type is null then case when s.service = 'emergency' then '' else 'MCOPSTNPP' end
            else coalesce(s.capability, '')
        end as first_capability,
        case
            when s.pool_key <> '' and s.included_seconds > 0 and s.used_seconds > s.included_seconds
                then case when s.cause = 'FREECALL' then 'FREECALL' else 'MCOPSTNPP' end
        end as then_capability,
        case
            when s.pool_key <> '' and s.included_seconds > 0 then least(s.used_seconds, s.included_seconds)
            else s.used_seconds
        end as first_seconds
    from call_sessions s
    where s.state in ('ended', 'expired')
        and s.used_seconds > 0
        and s.erased_at is null
        -- Every call meets this; it names the index that listings use.
        and s.authorised_at > '2000-01-01T00:00:00Z'
) parted
left join parties p
    on p.shard_id = parted.shard_id
    and p.organization_id = parted.organization_id
    and p.party_id = coalesce(parted.user_id, parted.party_id);

-- How far calls were looked at whose records are kept for so many days. A walk that has come to its end begins anew after
-- some days, for calls that were told of so late that it had passed their place.
create table call_erasures (
    shard_id smallint not null,
    organization_id uuid not null,
    retention_days integer not null check (retention_days > 0),
    through_at timestamptz not null,
    through_session_id text not null,
    began_at timestamptz not null,
    primary key (shard_id, organization_id, retention_days)
);

create table call_exports (
    shard_id smallint not null,
    organization_id uuid not null,
    export_id uuid not null,
    -- Which calls, as JSON: what the file's own parameters tell.
    parameters text not null,
    begins_at timestamptz not null,
    ends_at timestamptz not null,
    state text not null default 'waiting' check (state in ('waiting', 'writing', 'ready', 'failed', 'removed')),
    requested_by text not null,
    requested_at timestamptz not null,
    -- Whoever writes moves this; a writer that is silent for long is gone, and another begins anew.
    alive_at timestamptz,
    attempts integer not null default 0,
    calls_expected bigint not null default 0,
    calls_written bigint not null default 0,
    rows_written bigint not null default 0,
    bytes_written bigint not null default 0,
    finished_at timestamptz,
    expires_at timestamptz,
    primary key (shard_id, organization_id, export_id)
);

create index call_exports_open on call_exports (shard_id, requested_at) where state in ('waiting', 'writing');
create index call_exports_ready on call_exports (shard_id, expires_at) where state = 'ready';

-- The file itself, compressed, in pieces of at most a megabyte.
create table call_export_pieces (
    shard_id smallint not null,
    organization_id uuid not null,
    export_id uuid not null,
    piece integer not null,
    content bytea not null,
    primary key (shard_id, organization_id, export_id, piece)
);

alter table call_export_pieces alter column content set storage external;
