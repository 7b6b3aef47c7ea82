-- Every act of a person or a program, chained.

-- Where each organization's chain ends; the operator's own has the operator's id. Appending locks this row alone.
create table audit_heads (
    shard_id smallint not null,
    organization_id uuid not null,
    sequence bigint not null check (sequence > 0),
    previous bytea not null check (length(previous) = 32),
    hash bytea not null check (length(hash) = 32),
    primary key (shard_id, organization_id)
);

-- An act has two entries: one before it that says what is wanted, one after it that says what became of it and names
-- the first. commcredits.core.audit has the form that is hashed.
create table audit_entries (
    shard_id smallint not null,
    organization_id uuid not null,
    sequence bigint not null check (sequence > 0),
    answers bigint check (answers < sequence),
    at timestamptz not null,
    actor_kind text not null check (actor_kind in ('person', 'key', 'terminal')),
    actor_id text not null,
    actor_name text not null,
    roles text[] not null,
    edge text not null,
    source text not null,
    operation text not null,
    outcome text not null check (outcome in ('asked', 'done', 'refused', 'failed', 'denied', 'read')),
    subject text not null,
    code text not null,
    reason text not null,
    parameters text not null check (octet_length(parameters) <= 16384),
    before text not null check (octet_length(before) <= 16384),
    after text not null check (octet_length(after) <= 16384),
    previous bytea not null check (length(previous) = 32),
    hash bytea not null check (length(hash) = 32),
    primary key (shard_id, organization_id, sequence),
    constraint audit_answers_are_answers check ((answers is not null) = (outcome in ('done', 'refused', 'failed')))
);

create unique index audit_entries_answered on audit_entries (shard_id, organization_id, answers)
    where answers is not null;
create index audit_entries_by_time on audit_entries (shard_id, at, organization_id, sequence) where answers is null;

create function refuse_shortening() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and new.shard_id = old.shard_id and new.organization_id = old.organization_id
        and new.sequence = old.sequence + 1 and new.previous = old.hash then
        return new;
    end if;
    raise exception '% only ever grows', tg_table_name using errcode = 'integrity_constraint_violation';
end
$$;

create trigger audit_entries_are_append_only before update or delete on audit_entries
    for each row execute function refuse_change();
create trigger audit_entries_are_never_emptied before truncate on audit_entries
    for each statement execute function refuse_change();
create trigger audit_heads_only_grow before update or delete on audit_heads
    for each row execute function refuse_shortening();
create trigger audit_heads_are_never_emptied before truncate on audit_heads
    for each statement execute function refuse_change();
