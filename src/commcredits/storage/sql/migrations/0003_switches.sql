-- Switches: which link a call is told over, what an operator should look at, what switches are asked to do.

-- As diameter:<name>; empty where nobody could be told anything about the call.
alter table call_sessions add column switch text not null default '';

-- Calls whose switch said something that cannot be, or nothing at all. Each kind once per call.
create table call_flags (
    shard_id smallint not null,
    -- All zeros for a call that belongs to nobody whom we know.
    organization_id uuid not null,
    session_id text not null,
    kind text not null,
    noticed_at timestamptz not null,
    -- JSON.
    facts text not null,
    -- When the operator's log was told; until then the worker owes it.
    announced_at timestamptz,
    primary key (shard_id, organization_id, session_id, kind)
);

create index call_flags_by_time on call_flags (shard_id, noticed_at, organization_id, session_id, kind);
create index call_flags_to_announce on call_flags (shard_id, noticed_at) where announced_at is null;

-- Calls that somebody wants cut; the process that holds their switch's link sees to it.
create table call_cuts (
    shard_id smallint not null,
    organization_id uuid not null,
    session_id text not null,
    switch text not null,
    reason text not null,
    ordered_by text not null,
    ordered_at timestamptz not null,
    -- When the switch took it.
    told_at timestamptz,
    primary key (shard_id, organization_id, session_id)
);

create index call_cuts_to_tell on call_cuts (shard_id, switch) where told_at is null;

-- What has just arrived, for calls that it lets go on. Partial on a condition that every row meets, like
-- call_sessions_by_time, so that no plan for a look-up by id can mistake it for the primary key.
create index fund_lots_by_arrival on fund_lots (shard_id, lot_id) where amount_micros > 0;
create index blocks_by_arrival on blocks (shard_id, block_id) where blocked_at > '2000-01-01T00:00:00Z';
