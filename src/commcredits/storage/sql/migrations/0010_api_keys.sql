-- Keys of programs with their short-lived tokens, sandbox organizations, and what SCIM knows of users and groups.
--
-- Of a secret its SHA-256 is kept alone: 256 random bits need no slower hash. `scopes` are permissions. A key belongs to
-- `organization_id` and acts on it, or on its sandbox where `sandbox_id` names one. `generation` moves with the keys
-- that charging processes follow.
create table api_keys (
    shard_id smallint not null,
    organization_id uuid not null,
    key_id uuid not null,
    prefix text not null check (prefix ~ '^[a-z2-7]{8}$'),
    secret_hash bytea not null check (octet_length(secret_hash) = 32),
    name text not null,
    note text not null default '',
    scopes text[] not null check (cardinality(scopes) > 0),
    sandbox_id uuid,
    generation bigint not null,
    created_at timestamptz not null,
    created_by text not null,
    created_by_name text not null,
    expires_at timestamptz not null,
    last_used_at timestamptz,
    revoked_at timestamptz,
    revoked_by_name text not null default '',
    primary key (shard_id, organization_id, key_id)
);

create unique index api_keys_by_prefix on api_keys (shard_id, prefix);
create index api_keys_by_generation on api_keys (shard_id, generation) where 'charging' = any (scopes);

create table api_key_tokens (
    shard_id smallint not null,
    organization_id uuid not null,
    key_id uuid not null,
    token_hash bytea not null check (octet_length(token_hash) = 32),
    scopes text[] not null,
    issued_at timestamptz not null,
    expires_at timestamptz not null,
    primary key (shard_id, organization_id, token_hash)
);

create unique index api_key_tokens_by_hash on api_key_tokens (shard_id, token_hash);
create index api_key_tokens_by_key on api_key_tokens (shard_id, organization_id, key_id, expires_at);

-- A sandbox is an organization with play money. What counts money asks for organizations that are none.
alter table organizations add column sandbox_of uuid;

create unique index organizations_by_sandbox_of on organizations (shard_id, sandbox_of) where sandbox_of is not null;

-- Of columns without a length a server assumes a large one, and of wide rows that an empty table holds but one: with the
-- column above it would plan batches for reading all organizations. A country has always been two letters.
alter table organizations alter column country type varchar(2);

-- What a directory that speaks SCIM says of users beyond what they are here: its own id, and whether they are active.
create table scim_users (
    shard_id smallint not null,
    organization_id uuid not null,
    party_id uuid not null,
    external_id text not null default '',
    is_active boolean not null default true,
    given_name text not null default '',
    family_name text not null default '',
    created_at timestamptz not null,
    changed_at timestamptz not null,
    primary key (shard_id, organization_id, party_id)
);

create index scim_users_by_external_id on scim_users (shard_id, organization_id, external_id) where external_id <> '';

create table scim_groups (
    shard_id smallint not null,
    organization_id uuid not null,
    group_id uuid not null,
    display_name text not null,
    external_id text not null default '',
    created_at timestamptz not null,
    changed_at timestamptz not null,
    primary key (shard_id, organization_id, group_id)
);

create unique index scim_groups_by_name on scim_groups (shard_id, organization_id, lower(display_name));

create table scim_members (
    shard_id smallint not null,
    organization_id uuid not null,
    group_id uuid not null,
    party_id uuid not null,
    primary key (shard_id, organization_id, group_id, party_id)
);

create index scim_members_by_party on scim_members (shard_id, organization_id, party_id);
