-- The one write procedure: everything that a batch of decisions changes, for the organizations whose version still is
-- the one decided on. Returns the others, for which nothing at all was written.
--
-- Columns that hold no free text come as PostgreSQL array literals, one text each: the driver then encodes one value instead
-- of one per row, and the server's parser is faster than either.
--
-- Text of the hot tables comes as one text of parts; one empty part alone reads as none, hence "coalesce(cause, …)".
--
-- "lateral (… offset 0)" with a row's ctid makes every look-up a probe of the primary key, whatever the planner believes
-- of the tables' size: this plan is made once, often while they are empty. "in (…) is true" keeps the test for a written
-- organization a hashed look-up; as a join it would be planned as a nested loop over every pair.
with input as materialized (
    select *
    from unnest(
        $3::text::uuid[], $4::text::bigint[], $5::text::boolean[], $6::text::bigint[], $7::text::bigint[], $8::text[], $9::text[], $10::text[]
    ) as t (organization_id, version, changed, posted_micros, held_micros, lot_ids, lot_free, lot_held)
    order by organization_id
),
opened as materialized (
    select *
    from unnest(
        $11::text::uuid[], string_to_array($12::text, e'\x1f', e'\x1e'), string_to_array($13::text, e'\x1f', e'\x1e'), string_to_array($14::text, e'\x1f', e'\x1e'), string_to_array($15::text, e'\x1f', e'\x1e'), $16::text::uuid[], string_to_array($17::text, e'\x1f', e'\x1e'), string_to_array($18::text, e'\x1f', e'\x1e'),
        $19::text::bigint[], $20::text::bigint[], $21::text::int[], $22::text::int[], $23::text::timestamptz[], $24::text::timestamptz[],
        string_to_array($25::text, e'\x1f', e'\x1e'), $26::text::boolean[], $27::text::int[], $28::text::int[], $29::text::boolean[], $30::text::timestamptz[], $31::text::int[],
        $32::text::bigint[], $33::text::bigint[], string_to_array($34::text, e'\x1f', e'\x1e'), string_to_array($35::text, e'\x1f', e'\x1e'), string_to_array($36::text, e'\x1f', e'\x1e'), $37::text::timestamptz[],
        $38::text::timestamptz[], string_to_array($39::text, e'\x1f', e'\x1e'), string_to_array($40::text, e'\x1f', e'\x1e')
    ) as t (
        organization_id, session_id, service, caller, callee, rate_deck_id, rate_prefix, rate_destination,
        price_per_minute_micros, connection_fee_micros, first_increment_seconds, next_increment_seconds,
        rate_effective_from, authorised_at, state, live, grant_number, granted_seconds, final, grant_ends_at,
        used_seconds, overrun_seconds, charged_micros, part_lot_ids, part_held, part_drawn, started_at, ended_at,
        cause, memory
    )
),
moved as materialized (
    select *
    from unnest(
        $41::text::uuid[], string_to_array($42::text, e'\x1f', e'\x1e'), string_to_array($43::text, e'\x1f', e'\x1e'), $44::text::boolean[], $45::text::int[], $46::text::int[], $47::text::boolean[],
        $48::text::timestamptz[], $49::text::int[], $50::text::bigint[], $51::text::bigint[], string_to_array($52::text, e'\x1f', e'\x1e'), string_to_array($53::text, e'\x1f', e'\x1e'), string_to_array($54::text, e'\x1f', e'\x1e'),
        $55::text::timestamptz[], $56::text::timestamptz[], string_to_array($57::text, e'\x1f', e'\x1e'), string_to_array($58::text, e'\x1f', e'\x1e')
    ) as t (
        organization_id, session_id, state, live, grant_number, granted_seconds, final, grant_ends_at, used_seconds,
        overrun_seconds, charged_micros, part_lot_ids, part_held, part_drawn, started_at, ended_at, cause, memory
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
        lot_ids = i.lot_ids::uuid[],
        lot_free_micros = i.lot_free::bigint[],
        lot_held_micros = i.lot_held::bigint[]
    from found i
    where a.ctid = i.row_id
        and a.version = i.version
        and i.changed
        and (i.organization_id in (select c.organization_id from clashed c)) is not true
    returning a.organization_id
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
        ended_at, cause, memory
    )
    select
        $1, n.organization_id, n.session_id, n.service, n.caller, n.callee, n.rate_deck_id, n.rate_prefix,
        n.rate_destination, n.price_per_minute_micros, n.connection_fee_micros, n.first_increment_seconds,
        n.next_increment_seconds, n.rate_effective_from, n.authorised_at, n.state, n.live, n.grant_number,
        n.granted_seconds, n.final, n.grant_ends_at, n.used_seconds, n.overrun_seconds, n.charged_micros,
        n.part_lot_ids::uuid[], n.part_held::bigint[], n.part_drawn::bigint[], n.started_at, n.ended_at,
        coalesce(n.cause, ''),
        n.memory
    from opened n
    where (n.organization_id in (select w.organization_id from written w)) is true
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
        part_lot_ids = m.part_lot_ids::uuid[],
        part_held_micros = m.part_held::bigint[],
        part_drawn_micros = m.part_drawn::bigint[],
        started_at = m.started_at,
        ended_at = m.ended_at,
        cause = coalesce(m.cause, ''),
        memory = m.memory
    from moved m
    cross join lateral (
        select c.ctid as row_id
        from call_sessions c
        where c.shard_id = $1 and c.organization_id = m.organization_id and c.session_id = m.session_id
        offset 0
    ) known
    where s.ctid = known.row_id
        and (m.organization_id in (select w.organization_id from written w)) is true
),
begun as (
    insert into live_calls (shard_id, organization_id, session_id, look_at)
    select $1, n.organization_id, n.session_id, n.grant_ends_at
    from opened n
    where n.live and (n.organization_id in (select w.organization_id from written w)) is true
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
        and (m.organization_id in (select w.organization_id from written w)) is true
),
posted as (
    insert into journal (
        shard_id, organization_id, transfer_id, at, source, target, amount_micros, reason, lot_id, session_id,
        top_up_id
    )
    select $1, j.*
    from unnest(
        $59::text::uuid[], $60::text::uuid[], $61::text::timestamptz[], string_to_array($62::text, e'\x1f', e'\x1e'), string_to_array($63::text, e'\x1f', e'\x1e'), $64::text::bigint[], string_to_array($65::text, e'\x1f', e'\x1e'),
        $66::text::uuid[], string_to_array($67::text, e'\x1f', e'\x1e'), $68::text::uuid[]
    ) as j (
        organization_id, transfer_id, at, source, target, amount_micros, reason, lot_id, session_id, top_up_id
    )
    where (j.organization_id in (select w.organization_id from written w)) is true
),
new_lots as (
    insert into fund_lots (shard_id, organization_id, lot_id, source, amount_micros, purchased_at, expires_at)
    select $1, l.*
    from unnest($69::text::uuid[], $70::text::uuid[], $71::text[], $72::text::bigint[], $73::text::timestamptz[], $74::text::timestamptz[])
        as l (organization_id, lot_id, source, amount_micros, purchased_at, expires_at)
    where (l.organization_id in (select w.organization_id from written w)) is true
),
top_up_states as (
    insert into top_ups (
        shard_id, organization_id, top_up_id, kind, state, amount_micros, payment_method, created_at, sent_at,
        settled_at, gateway, gateway_reference, reason, action_url, lot_id
    )
    select $1, t.*
    from unnest(
        $75::text::uuid[], $76::text::uuid[], $77::text[], $78::text[], $79::text::bigint[], $80::text[], $81::text::timestamptz[],
        $82::text::timestamptz[], $83::text::timestamptz[], $84::text[], $85::text[], $86::text[], $87::text[], $88::text::uuid[]
    ) as t (
        organization_id, top_up_id, kind, state, amount_micros, payment_method, created_at, sent_at, settled_at,
        gateway, gateway_reference, reason, action_url, lot_id
    )
    where (t.organization_id in (select w.organization_id from written w)) is true
    on conflict (shard_id, organization_id, top_up_id) do update
    set state = excluded.state,
        sent_at = excluded.sent_at,
        settled_at = excluded.settled_at,
        gateway = excluded.gateway,
        gateway_reference = excluded.gateway_reference,
        reason = excluded.reason,
        action_url = excluded.action_url,
        lot_id = excluded.lot_id
),
rules as (
    insert into recharge_rules (
        shard_id, organization_id, enabled, recharge_amount_micros, trigger_amount_micros, monthly_cap_micros,
        payment_method, cool_down_until, declines, retry_at, suspended, month, month_micros
    )
    select $1, r.*
    from unnest(
        $89::text::uuid[], $90::text::boolean[], $91::text::bigint[], $92::text::bigint[], $93::text::bigint[], $94::text[], $95::text::timestamptz[],
        $96::text::int[], $97::text::timestamptz[], $98::text::boolean[], $99::text[], $100::text::bigint[]
    ) as r (
        organization_id, enabled, recharge_amount_micros, trigger_amount_micros, monthly_cap_micros, payment_method,
        cool_down_until, declines, retry_at, suspended, month, month_micros
    )
    where (r.organization_id in (select w.organization_id from written w)) is true
    on conflict (shard_id, organization_id) do update
    set enabled = excluded.enabled,
        recharge_amount_micros = excluded.recharge_amount_micros,
        trigger_amount_micros = excluded.trigger_amount_micros,
        monthly_cap_micros = excluded.monthly_cap_micros,
        payment_method = excluded.payment_method,
        cool_down_until = excluded.cool_down_until,
        declines = excluded.declines,
        retry_at = excluded.retry_at,
        suspended = excluded.suspended,
        month = excluded.month,
        month_micros = excluded.month_micros
),
assigned as (
    update organizations o
    set rate_deck_id = d.rate_deck_id, status = d.status
    from unnest($101::text::uuid[], $102::text::uuid[], $103::text[]) as d (organization_id, rate_deck_id, status)
    -- Named twice: by "any" it is a probe, and by equality each gets its own. Not by ctid, which would lose an assignment
    -- to whoever changes another column at the same moment.
    where o.shard_id = $1
        and o.organization_id = any ($101::text::uuid[])
        and o.organization_id = d.organization_id
        and (d.organization_id in (select w.organization_id from written w)) is true
),
remembered as (
    insert into commands (shard_id, organization_id, operation, command_id, content, answer, at)
    select $1, c.*
    from unnest($104::text::uuid[], $105::text[], $106::text[], $107::text[], $108::text[], $109::text::timestamptz[])
        as c (organization_id, operation, command_id, content, answer, at)
    where (c.organization_id in (select w.organization_id from written w)) is true
)
select i.organization_id
from input i
where (i.organization_id in (select w.organization_id from written w)) is not true
    and (i.organization_id in (select c.organization_id from checked c)) is not true
