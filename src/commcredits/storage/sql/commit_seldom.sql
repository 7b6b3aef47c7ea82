-- The parts of commit_batch.sql that few batches need: they go before its last select, and read what it has there. What is
-- written seldom comes as a document per row, whose keys are the columns, or as an array of values per column.
--
-- priced_anew: ended calls that were priced anew by another deck. They may have run until this batch; none of them is in
-- "moved".
, priced_anew as materialized (
    select *
    from unnest($113::text::uuid[], $114::text[], $115::text[]::jsonb[]) as t (organization_id, session_id, call)
),
new_lots as (
    insert into fund_lots (shard_id, organization_id, lot_id, source, amount_micros, purchased_at, expires_at)
    select $1, l.*
    from unnest($80::text::uuid[], $81::text::uuid[], $82::text[], $83::text::bigint[], $84::text::timestamptz[], $85::text::timestamptz[])
        as l (organization_id, lot_id, source, amount_micros, purchased_at, expires_at)
    where (l.organization_id in (select w.organization_id from written w)) is true
),
top_up_states as (
    insert into top_ups
    select t.*
    from unnest($86::text::uuid[], $87::text[]) as d (organization_id, document)
    cross join lateral jsonb_populate_record(null::top_ups, d.document::jsonb || jsonb_build_object('shard_id', $1::smallint, 'organization_id', d.organization_id)) t
    where (d.organization_id in (select w.organization_id from written w)) is true
    on conflict (shard_id, organization_id, top_up_id) do update
    set state = excluded.state,
        sent_at = excluded.sent_at,
        settled_at = excluded.settled_at,
        gateway = excluded.gateway,
        gateway_reference = excluded.gateway_reference,
        reason = excluded.reason,
        action_url = excluded.action_url,
        lot_id = excluded.lot_id,
        fee_micros = excluded.fee_micros,
        refunded_micros = excluded.refunded_micros, refunded_tax_micros = excluded.refunded_tax_micros,
        disputed_micros = excluded.disputed_micros,
        dispute_reference = excluded.dispute_reference
),
rules as (
    insert into recharge_rules
    select t.*
    from unnest($88::text::uuid[], $89::text[]) as d (organization_id, document)
    cross join lateral jsonb_populate_record(null::recharge_rules, d.document::jsonb || jsonb_build_object('shard_id', $1::smallint, 'organization_id', d.organization_id)) t
    where (d.organization_id in (select w.organization_id from written w)) is true
    on conflict (shard_id, organization_id) do update
    set enabled = excluded.enabled, recharge_amount_micros = excluded.recharge_amount_micros,
        trigger_amount_micros = excluded.trigger_amount_micros, monthly_cap_micros = excluded.monthly_cap_micros,
        payment_method = excluded.payment_method, cool_down_until = excluded.cool_down_until,
        declines = excluded.declines, retry_at = excluded.retry_at, suspended = excluded.suspended,
        month = excluded.month, month_micros = excluded.month_micros, mode = excluded.mode,
        target_amount_micros = excluded.target_amount_micros,
        backup_payment_method = excluded.backup_payment_method, expiry_ahead_days = excluded.expiry_ahead_days,
        backup_use = excluded.backup_use, paused = excluded.paused, cap_told_percent = excluded.cap_told_percent
),
assigned as (
    update organizations o
    set rate_deck_id = d.rate_deck_id, status = d.status, post_usage = d.post_usage
    from unnest($90::text::uuid[], $91::text::uuid[], $92::text[], $95::text::boolean[])
        as d (organization_id, rate_deck_id, status, post_usage)
    -- Named twice: by "any" it is a probe, and by equality each gets its own. Not by ctid, which would lose an assignment
    -- to whoever changes another column at the same moment.
    where o.shard_id = $1
        and o.organization_id = any ($90::text::uuid[])
        and o.organization_id = d.organization_id
        and (d.organization_id in (select w.organization_id from written w)) is true
),
laid_ready as (
    insert into next_rate_decks (shard_id, organization_id, rate_deck_id, in_force_at)
    select $1, d.*
    from unnest($90::text::uuid[], $93::text::uuid[], $94::text::timestamptz[])
        as d (organization_id, rate_deck_id, in_force_at)
    where (d.organization_id in (select w.organization_id from written w)) is true
    on conflict (shard_id, organization_id) do update
    set rate_deck_id = excluded.rate_deck_id, in_force_at = excluded.in_force_at
),
remembered as (
    insert into commands (shard_id, organization_id, operation, command_id, content, answer, at)
    select $1, c.*
    from unnest($96::text::uuid[], $97::text[], $98::text[], $99::text[], $100::text[], $101::text::timestamptz[])
        as c (organization_id, operation, command_id, content, answer, at)
    where (c.organization_id in (select w.organization_id from written w)) is true
),
blocked as (
    insert into blocks (
        shard_id, organization_id, block_id, kind, subject, reason, limit_micros, spent_micros, blocked_at, lifted_at,
        lifted_by, period
    )
    select $1, b.*
    from unnest(
        $102::text::uuid[], $103::text::uuid[], $104::text[], $105::text[], $106::text[], $107::text::bigint[], $108::text::bigint[],
        $109::text::timestamptz[], $110::text::timestamptz[], $111::text[], $112::text[]
    ) as b (
        organization_id, block_id, kind, subject, reason, limit_micros, spent_micros, blocked_at, lifted_at, lifted_by,
        period
    )
    where (b.organization_id in (select w.organization_id from written w)) is true
    on conflict (shard_id, organization_id, block_id) do update
    set lifted_at = excluded.lifted_at, lifted_by = excluded.lifted_by
),
repriced as (
    update call_sessions s
    set rate_deck_id = (r.call ->> 'rate_deck_id')::uuid,
        rate_prefix = r.call ->> 'rate_prefix',
        rate_destination = r.call ->> 'rate_destination',
        price_per_minute_micros = (r.call ->> 'price_per_minute_micros')::bigint,
        connection_fee_micros = (r.call ->> 'connection_fee_micros')::bigint,
        first_increment_seconds = (r.call ->> 'first_increment_seconds')::integer,
        next_increment_seconds = (r.call ->> 'next_increment_seconds')::integer,
        rate_effective_from = (r.call ->> 'rate_effective_from')::timestamptz,
        rate_origin_country = r.call ->> 'origin_country',
        rate_shape = r.call ->> 'shape',
        state = r.call ->> 'state',
        live = false,
        grant_number = (r.call ->> 'grant_number')::integer,
        granted_seconds = (r.call ->> 'granted_seconds')::integer,
        final = (r.call ->> 'final')::boolean,
        grant_ends_at = (r.call ->> 'grant_ends_at')::timestamptz,
        included_seconds = (r.call ->> 'included_seconds')::integer,
        used_seconds = (r.call ->> 'used_seconds')::integer,
        overrun_seconds = (r.call ->> 'overrun_seconds')::bigint,
        started_at = (r.call ->> 'started_at')::timestamptz,
        ended_at = (r.call ->> 'ended_at')::timestamptz,
        charged_micros = (r.call ->> 'charged_micros')::bigint,
        owed_micros = (r.call ->> 'owed_micros')::bigint,
        part_lot_ids = (r.call ->> 'part_lot_ids')::uuid[],
        part_held_micros = (r.call ->> 'part_held')::bigint[],
        part_drawn_micros = (r.call ->> 'part_drawn')::bigint[],
        meter_parts = r.call ->> 'parts',
        cause = r.call ->> 'cause',
        memory = r.call ->> 'memory'
    from priced_anew r
    cross join lateral (
        select c.ctid as row_id
        from call_sessions c
        where c.shard_id = $1 and c.organization_id = r.organization_id and c.session_id = r.session_id
        offset 0
    ) known
    where s.ctid = known.row_id
        and (r.organization_id in (select w.organization_id from written w)) is true
),
priced_over as (
    delete from live_calls l
    using priced_anew p
    cross join lateral (
        select c.ctid as row_id
        from live_calls c
        where c.shard_id = $1 and c.organization_id = p.organization_id and c.session_id = p.session_id
        offset 0
    ) known
    where l.ctid = known.row_id
        and (p.organization_id in (select w.organization_id from written w)) is true
),
-- Also where nothing changes: a call id that comes twice is refused, and flagged.
flagged as (
    insert into call_flags (shard_id, organization_id, session_id, kind, noticed_at, facts)
    select $1, f.organization_id, f.session_id, f.kind, $130::timestamptz, f.facts
    from unnest($116::text::uuid[], $117::text[], $118::text[], $119::text[])
        as f (organization_id, session_id, kind, facts)
    where (f.organization_id in (select w.organization_id from written w)) is true
        or (f.organization_id in (select c.organization_id from checked c)) is true
    on conflict (shard_id, organization_id, session_id, kind) do nothing
),
refunded as (
    insert into refunds
    select t.*
    from unnest($120::text::uuid[], $121::text[]) as d (organization_id, document)
    cross join lateral jsonb_populate_record(null::refunds, d.document::jsonb || jsonb_build_object('shard_id', $1::smallint, 'organization_id', d.organization_id)) t
    where (d.organization_id in (select w.organization_id from written w)) is true
    on conflict (shard_id, organization_id, refund_id) do update
    set state = excluded.state,
        settled_at = excluded.settled_at,
        gateway_reference = excluded.gateway_reference,
        refusal = excluded.refusal
),
alerted as (
    insert into balance_alerts (shard_id, organization_id, amounts_micros, zero_told)
    select $1, a.organization_id, string_to_array(a.amounts, ',')::bigint[], a.zero_told
    from unnest($122::text::uuid[], $123::text[], $124::text::boolean[]) as a (organization_id, amounts, zero_told)
    where (a.organization_id in (select w.organization_id from written w)) is true
    on conflict (shard_id, organization_id) do update
    set amounts_micros = excluded.amounts_micros, zero_told = excluded.zero_told
),
noticed as (
    insert into notices (shard_id, organization_id, notice_id, kind, key, facts, noticed_at)
    select $1, n.organization_id, n.notice_id, n.kind, n.key, n.facts, $130::timestamptz
    from unnest($125::text::uuid[], $126::text::uuid[], $127::text[], $128::text[], $129::text[])
        as n (organization_id, notice_id, kind, key, facts)
    where (n.organization_id in (select w.organization_id from written w)) is true
    on conflict (shard_id, organization_id, kind, key) do nothing
)
