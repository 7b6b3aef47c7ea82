-- Administrators of organizations and staff of the operator, and how they sign in.

-- Staff of the operator stand under the operator's own id.
create table administrators (
    shard_id smallint not null,
    organization_id uuid not null,
    administrator_id uuid not null,
    -- Whose passkeys open it: one person may administer several organizations. Null while nobody has a passkey for it.
    person_id uuid,
    address text not null check (length(address) between 3 and 254),
    name text not null check (length(name) between 1 and 200),
    language text not null check (language in ('en', 'ro')),
    roles text[] not null check (cardinality(roles) between 1 and 8),
    -- Whether a provider says the roles anew at each sign-in; otherwise they are given here.
    roles_from_provider boolean not null,
    state text not null check (state in ('invited', 'active', 'disabled')),
    created_at timestamptz not null,
    -- When somebody first proved to be this administrator.
    accepted_at timestamptz,
    signed_in_at timestamptz,
    primary key (shard_id, organization_id, administrator_id),
    constraint roles_of_the_operator_are_for_its_staff check (
        case organization_id
            when '00000000-0000-0000-0000-000000000000' then roles <@ array['operator_staff', 'operator_owner']
            else roles <@ array[
                'global_administrator', 'billing_administrator', 'telephony_administrator', 'user_administrator',
                'reports_reader', 'support'
            ]
        end
    ),
    constraint who_is_active_has_accepted check (state <> 'active' or accepted_at is not null)
);

create unique index administrators_by_address on administrators (shard_id, organization_id, lower(address));
create index administrators_of_persons on administrators (shard_id, person_id) where person_id is not null;

create table invitations (
    shard_id smallint not null,
    organization_id uuid not null,
    invitation_id uuid not null,
    administrator_id uuid not null,
    -- Who invites, as the letter says it.
    invited_by text not null check (length(invited_by) <= 200),
    made_at timestamptz not null,
    expires_at timestamptz not null,
    state text not null check (state in ('open', 'used', 'withdrawn')),
    settled_at timestamptz,
    -- The letter: none where the link was handed over by hand.
    mail_state text not null check (mail_state in ('none', 'waiting', 'sent', 'failed')),
    attempts smallint not null default 0,
    next_at timestamptz not null,
    trouble text not null default '' check (length(trouble) <= 200),
    primary key (shard_id, organization_id, invitation_id),
    constraint settled_when_not_open check ((state = 'open') = (settled_at is null))
);

create unique index invitations_open on invitations (shard_id, organization_id, administrator_id) where state = 'open';
create index invitations_to_mail on invitations (shard_id, next_at) where state = 'open' and mail_state = 'waiting';

-- What opens an invitation, as a digest: each try to send the letter carries a token of its own, which is kept nowhere.
create table invitation_tokens (
    shard_id smallint not null,
    organization_id uuid not null,
    token_hash bytea not null check (length(token_hash) = 32),
    invitation_id uuid not null,
    primary key (shard_id, organization_id, token_hash)
);

create index invitation_tokens_by_hash on invitation_tokens (shard_id, token_hash);

-- Who is signed in, in every process.
create table visits (
    shard_id smallint not null,
    organization_id uuid not null,
    visit_id uuid not null,
    -- The cookie holds the secret, this its digest.
    secret_hash bytea not null check (length(secret_hash) = 32),
    -- Null for whoever came with the operator's token or the break-glass password.
    administrator_id uuid,
    way text not null check (way in ('token', 'password', 'passkey', 'provider')),
    -- The provider's name; of a token a mark, by which another token ends the visit.
    detail text not null default '' check (length(detail) <= 64),
    roles text[] not null,
    began_at timestamptz not null,
    seen_at timestamptz not null,
    proved_at timestamptz not null,
    ends_at timestamptz not null,
    ended_at timestamptz,
    source text not null check (length(source) <= 64),
    browser text not null check (length(browser) <= 200),
    primary key (shard_id, organization_id, visit_id),
    constraint administrators_have_an_id check ((administrator_id is null) = (way in ('token', 'password')))
);

create unique index visits_by_secret on visits (shard_id, secret_hash);
create index visits_of_administrators on visits (shard_id, organization_id, administrator_id) where ended_at is null;
create index visits_by_end on visits (shard_id, ends_at);

-- Of persons, who belong to no single organization: under the operator's id.
create table passkeys (
    shard_id smallint not null,
    organization_id uuid not null,
    passkey_id uuid not null,
    person_id uuid not null,
    credential_id bytea not null check (length(credential_id) between 1 and 1023),
    public_key bytea not null check (length(public_key) <= 4096),
    sign_count bigint not null check (sign_count >= 0),
    transports text[] not null check (cardinality(transports) <= 8),
    name text not null check (length(name) between 1 and 100),
    created_at timestamptz not null,
    used_at timestamptz,
    primary key (shard_id, organization_id, passkey_id)
);

create unique index passkeys_by_credential on passkeys (shard_id, organization_id, credential_id);
create index passkeys_of_persons on passkeys (shard_id, organization_id, person_id);

-- Who an administrator is at a provider.
create table external_identities (
    shard_id smallint not null,
    organization_id uuid not null,
    issuer text not null check (length(issuer) <= 512),
    subject text not null check (length(subject) between 1 and 255),
    administrator_id uuid not null,
    linked_at timestamptz not null,
    primary key (shard_id, organization_id, issuer, subject)
);

create index external_identities_of_administrators
    on external_identities (shard_id, organization_id, administrator_id);

-- The break-glass operator: one password and one list of codes for each installation.
create table operator_credentials (
    shard_id smallint not null,
    organization_id uuid not null,
    password_hash text not null check (length(password_hash) <= 200),
    totp_secret text not null check (length(totp_secret) between 32 and 64),
    -- The latest step whose code was taken: no code is taken twice.
    totp_step bigint not null,
    set_at timestamptz not null,
    primary key (shard_id, organization_id)
);

-- How often somebody tried lately, by account and by network address, each as a digest.
create table sign_in_tries (
    shard_id smallint not null,
    organization_id uuid not null,
    subject bytea not null check (length(subject) = 32),
    began_at timestamptz not null,
    tries integer not null check (tries >= 0),
    primary key (shard_id, organization_id, subject)
);

create index sign_in_tries_by_time on sign_in_tries (shard_id, began_at);

-- What may be shown once: states of providers, challenges of passkeys, tickets.
create table spent_codes (
    shard_id smallint not null,
    organization_id uuid not null,
    code_hash bytea not null check (length(code_hash) = 32),
    forget_at timestamptz not null,
    primary key (shard_id, organization_id, code_hash)
);

create index spent_codes_by_time on spent_codes (shard_id, forget_at);

-- A form that waits until whoever sent it has proved again who they are.
create table held_forms (
    shard_id smallint not null,
    organization_id uuid not null,
    visit_id uuid not null,
    form_id uuid not null,
    address text not null check (length(address) <= 500),
    fields text not null check (length(fields) <= 65536),
    held_at timestamptz not null,
    -- One for each visit: the newest takes the place of the one before.
    primary key (shard_id, organization_id, visit_id)
);

create index held_forms_by_time on held_forms (shard_id, held_at);
