-- What advice to administrators is reckoned from: spending by the hour, and the advice itself as it was last worked out.

-- What the calls that began within an hour came to. Summed anew from the calls, never added to; hours outlive the calls
-- that retention deletes, for they say nothing of anybody.
create table spend_hours (
    shard_id smallint not null,
    organization_id uuid not null,
    hour timestamptz not null,
    charged_micros bigint not null check (charged_micros >= 0),
    -- The most that the calls of any five minutes of it came to.
    peak_micros bigint not null check (peak_micros >= 0),
    calls integer not null,
    -- Refused for want of funds.
    refused_calls integer not null,
    primary key (shard_id, organization_id, hour)
);

-- A part of an organization's advice, as JSON. The part "hours" has no document: it says when every hour was summed anew.
create table advice (
    shard_id smallint not null,
    organization_id uuid not null,
    part text not null check (part in ('hours', 'spending', 'anomalies', 'plans')),
    worked_out_at timestamptz not null,
    document text not null,
    primary key (shard_id, organization_id, part)
);
