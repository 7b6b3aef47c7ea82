-- The one write procedure: everything that a batch of decisions changes, for the organizations whose version still is
-- the one decided on. Returns the others, for which nothing at all was written. By itself it writes what calls change;
-- the rest, which few batches have, is in commit_seldom.sql and costs nothing where there is none.
--
-- Columns that hold no free text come as PostgreSQL array literals, one text each: the driver then encodes one value instead
-- of one per row, and the server's parser is faster than either.
--
-- Lists of lots come as null where they are what the row has, and amounts by lot where there is but one lot as numbers:
-- the parser of arrays, called for each row, was a tenth of the statement.
--
-- Text of the hot tables comes as one text of parts; one empty part alone reads as none, hence "coalesce(cause, …)" and
-- the like wherever a text may be empty. A call that has a price has a prefix, though none in the case of included calls.
--
-- "lateral (… offset 0)" with a row's ctid makes every look-up a probe of the primary key, whatever the planner believes
-- of the tables' size: this plan is made once, often while they are empty. "in (…) is true" keeps the test for a written
-- organization a hashed look-up; as a join it would be planned as a nested loop over every pair.
with input as materialized (
    select *
    from unnest(
        $3::text::uuid[], $4::text::bigint[], $5::text::boolean[], $6::text::bigint[], $7::text::bigint[], string_to_array($8::text, e'\x1f', e'\x1e'), string_to_array($9::text, e'\x1f', e'\x1e'), string_to_array($10::text, e'\x1f', e'\x1e'),
        $11::text::bigint[]
    ) as t (organization_id, version, changed, posted_micros, held_micros, lot_ids, lot_free, lot_held, owed_micros)
    order by organization_id
),
opened as materialized (
    select *
    from unnest(
        $12::text::uuid[], string_to_array($13::text, e'\x1f', e'\x1e'), string_to_array($14::text, e'\x1f', e'\x1e'), string_to_array($15::text, e'\x1f', e'\x1e'), string_to_array($16::text, e'\x1f', e'\x1e'), $17::text::uuid[], string_to_array($18::text, e'\x1f', e'\x1e'), string_to_array($19::text, e'\x1f', e'\x1e'),
        $20::text::bigint[], $21::text::bigint[], $22::text::int[], $23::text::int[], $24::text::timestamptz[], $25::text::timestamptz[],
        string_to_array($26::text, e'\x1f', e'\x1e'), $27::text::boolean[], $28::text::int[], $29::text::int[], $30::text::boolean[], $31::text::timestamptz[], $32::text::int[],
        $33::text::bigint[], $34::text::bigint[], string_to_array($35::text, e'\x1f', e'\x1e'), $36::text::bigint[], $37::text::bigint[], $38::text::timestamptz[],
        $39::text::timestamptz[], string_to_array($40::text, e'\x1f', e'\x1e'), string_to_array($41::text, e'\x1f', e'\x1e'),
        string_to_array($42::text, e'\x1f', e'\x1e'), string_to_array($43::text, e'\x1f', e'\x1e'),
        string_to_array($44::text, e'\x1f', e'\x1e')
    ) as t (
        organization_id, session_id, service, caller, callee, rate_deck_id, rate_prefix, rate_destination,
        price_per_minute_micros, connection_fee_micros, first_increment_seconds, next_increment_seconds,
        rate_effective_from, authorised_at, state, live, grant_number, granted_seconds, final, grant_ends_at,
        used_seconds, overrun_seconds, charged_micros, part_lists, part_held, part_drawn, started_at, ended_at,
        cause, memory, share, booking, switch
    )
),
moved as materialized (
    select *
    from unnest(
        $45::text::uuid[], string_to_array($46::text, e'\x1f', e'\x1e'), string_to_array($47::text, e'\x1f', e'\x1e'), $48::text::boolean[], $49::text::int[], $50::text::int[], $51::text::boolean[],
        $52::text::timestamptz[], $53::text::int[], $54::text::bigint[], $55::text::bigint[], string_to_array($56::text, e'\x1f', e'\x1e'), $57::text::bigint[], $58::text::bigint[],
        $59::text::timestamptz[], $60::text::timestamptz[], string_to_array($61::text, e'\x1f', e'\x1e'), string_to_array($62::text, e'\x1f', e'\x1e'),
        string_to_array($63::text, e'\x1f', e'\x1e')
    ) as t (
        organization_id, session_id, state, live, grant_number, granted_seconds, final, grant_ends_at, used_seconds,
        overrun_seconds, charged_micros, part_lists, part_held, part_drawn, started_at, ended_at, cause, memory,
        share
    )
),
-- A call that was taken for new but is known: its organization must be decided again with that call loaded.
clashed as materialized (
    select n.organization_id
    from opened n
    cross join lateral (
        select
        from call_sessions s
        where s.shard_id = $1 and s.organization_id = n.organization_id and s.session_id = n.session_id
        offset 0
    ) known
),
found as materialized (
    select i.*, known.row_id
    from input i
    cross join lateral (
        select a.ctid as row_id, a.version
        from accounts a
        where a.shard_id = $1 and a.organization_id = i.organization_id
        offset 0
    ) known
    where known.version = i.version
),
written as (
    update accounts a
    set version = a.version + 1,
        posted_micros = i.posted_micros,
        held_micros = i.held_micros,
        lot_ids = coalesce(i.lot_ids::uuid[], a.lot_ids),
        lot_free_micros = coalesce(i.lot_free::bigint[], array[i.posted_micros - i.held_micros]),
        lot_held_micros = coalesce(i.lot_held::bigint[], array[i.held_micros]),
        owed_micros = i.owed_micros
    from found i
    where a.ctid = i.row_id
        and a.version = i.version
        and i.changed
        and (i.organization_id in (select c.organization_id from clashed c)) is not true
    returning a.organization_id
),
-- Whether all that changes was written, as nearly always: then nobody is looked up among the written one by one.
whole as materialized (
    select (select count(*) from written) = (select count(*) from input i where i.changed) as is_written
),
-- Answers that change nothing rest on the account as it was read; that must still be the account.
checked as (
    select i.organization_id
    from found i
    where not i.changed
),
this_batch as (
    insert into batches (shard_id, organization_id, batch_id)
    values ($1, '00000000-0000-0000-0000-000000000000', $2)
),
opened_sessions as (
    insert into call_sessions (
        shard_id, organization_id, session_id, service, caller, callee, rate_deck_id, rate_prefix, rate_destination,
        price_per_minute_micros, connection_fee_micros, first_increment_seconds, next_increment_seconds,
        rate_effective_from, authorised_at, state, live, grant_number, granted_seconds, final, grant_ends_at,
        used_seconds, overrun_seconds, charged_micros, part_lot_ids, part_held_micros, part_drawn_micros, started_at,
        ended_at, cause, memory, included_seconds, meter_parts, call_type, who_pays_row, party_id, department,
        usage_location, other_country, domestic, capability, conference_id, pool_key, pool_period,
        user_id, rate_origin_country, rate_shape, owed_micros, switch
    )
    select
        $1, n.organization_id, n.session_id, n.service, coalesce(n.caller, ''), coalesce(n.callee, ''), n.rate_deck_id,
        case when n.price_per_minute_micros is not null then coalesce(n.rate_prefix, '') end,
        n.rate_destination, n.price_per_minute_micros, n.connection_fee_micros, n.first_increment_seconds,
        n.next_increment_seconds, n.rate_effective_from, n.authorised_at, n.state, n.live, n.grant_number,
        n.granted_seconds, n.final, n.grant_ends_at, n.used_seconds, n.overrun_seconds, n.charged_micros,
        split_part(n.part_lists, '|', 1)::uuid[],
        case when n.part_held is null then split_part(n.part_lists, '|', 2)::bigint[] else array[n.part_held] end,
        case when n.part_drawn is null then split_part(n.part_lists, '|', 3)::bigint[] else array[n.part_drawn] end,
        n.started_at, n.ended_at,
        coalesce(n.cause, ''),
        n.memory,
        coalesce((n.share::jsonb ->> 'included_seconds')::integer, 0),
        n.share::jsonb ->> 'parts',
        n.booking::jsonb ->> 'call_type',
        (n.booking::jsonb ->> 'row')::smallint,
        (n.booking::jsonb ->> 'party_id')::uuid,
        n.booking::jsonb ->> 'department',
        n.booking::jsonb ->> 'usage_location',
        n.booking::jsonb ->> 'other_country',
        (n.booking::jsonb ->> 'domestic')::boolean,
        n.booking::jsonb ->> 'capability',
        n.booking::jsonb ->> 'conference_id',
        n.booking::jsonb ->> 'pool_key',
        n.booking::jsonb ->> 'pool_period',
        (n.booking::jsonb ->> 'user_id')::uuid,
        n.booking::jsonb ->> 'origin_country',
        n.booking::jsonb ->> 'shape',
        coalesce((n.booking::jsonb ->> 'owed_micros')::bigint, 0),
        coalesce(n.switch, '')
    from opened n
    where ((select is_written from whole) or (n.organization_id in (select w.organization_id from written w)) is true)
),
moved_sessions as (
    update call_sessions s
    set state = m.state,
        live = m.live,
        grant_number = m.grant_number,
        granted_seconds = m.granted_seconds,
        final = m.final,
        grant_ends_at = m.grant_ends_at,
        used_seconds = m.used_seconds,
        overrun_seconds = m.overrun_seconds,
        charged_micros = m.charged_micros,
        part_lot_ids = coalesce(split_part(m.part_lists, '|', 1)::uuid[], s.part_lot_ids),
        part_held_micros =
            case when m.part_held is null then split_part(m.part_lists, '|', 2)::bigint[] else array[m.part_held] end,
        part_drawn_micros =
            case when m.part_drawn is null then split_part(m.part_lists, '|', 3)::bigint[] else array[m.part_drawn] end,
        started_at = m.started_at,
        ended_at = m.ended_at,
        cause = coalesce(m.cause, ''),
        memory = m.memory,
        included_seconds = coalesce((m.share::jsonb ->> 'included_seconds')::integer, 0),
        meter_parts = m.share::jsonb ->> 'parts'
    from moved m
    cross join lateral (
        select c.ctid as row_id
        from call_sessions c
        where c.shard_id = $1 and c.organization_id = m.organization_id and c.session_id = m.session_id
        offset 0
    ) known
    where s.ctid = known.row_id
        and ((select is_written from whole) or (m.organization_id in (select w.organization_id from written w)) is true)
),
begun as (
    insert into live_calls (shard_id, organization_id, session_id, look_at)
    select $1, n.organization_id, n.session_id, n.grant_ends_at
    from opened n
    where n.live and ((select is_written from whole) or (n.organization_id in (select w.organization_id from written w)) is true)
),
over as (
    delete from live_calls l
    using moved m
    cross join lateral (
        select c.ctid as row_id
        from live_calls c
        where c.shard_id = $1 and c.organization_id = m.organization_id and c.session_id = m.session_id
        offset 0
    ) known
    where l.ctid = known.row_id
        and not m.live
        and ((select is_written from whole) or (m.organization_id in (select w.organization_id from written w)) is true)
),
posted as (
    insert into journal (
        shard_id, organization_id, transfer_id, at, source, target, amount_micros, reason, lot_id, session_id,
        top_up_id
    )
    select $1, j.*
    from unnest(
        $64::text::uuid[], $65::text::uuid[], $66::text::timestamptz[], string_to_array($67::text, e'\x1f', e'\x1e'), string_to_array($68::text, e'\x1f', e'\x1e'), $69::text::bigint[], string_to_array($70::text, e'\x1f', e'\x1e'),
        $71::text::uuid[], string_to_array($72::text, e'\x1f', e'\x1e'), $73::text::uuid[]
    ) as j (
        organization_id, transfer_id, at, source, target, amount_micros, reason, lot_id, session_id, top_up_id
    )
    where ((select is_written from whole) or (j.organization_id in (select w.organization_id from written w)) is true)
),
metered as (
    insert into meters (shard_id, organization_id, key, period, used, held, reached_at)
    select $1, m.organization_id, m.key, coalesce(m.period, ''), m.used, m.held, m.reached_at
    from unnest(
        $74::text::uuid[], string_to_array($75::text, e'\x1f', e'\x1e'), string_to_array($76::text, e'\x1f', e'\x1e'), $77::text::bigint[], $78::text::bigint[],
        $79::text::timestamptz[]
    ) as m (organization_id, key, period, used, held, reached_at)
    where ((select is_written from whole) or (m.organization_id in (select w.organization_id from written w)) is true)
    on conflict (shard_id, organization_id, key, period) do update
    set used = excluded.used, held = excluded.held, reached_at = excluded.reached_at
)
-- What is written seldom comes in here when a batch has any of it: commit_seldom.sql.
select i.organization_id
from input i
where not (i.changed and (select is_written from whole))
    and (i.organization_id in (select w.organization_id from written w)) is not true
    and (i.organization_id in (select c.organization_id from checked c)) is not true
