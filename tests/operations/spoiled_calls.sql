-- Ways to spoil the books by calls, meters and debts, in the form of spoiled_books.sql.

-- a call charged for more than it lasted, with balance, lot and journal to match
-- found by charges_equal_price
update call_sessions
set charged_micros = charged_micros + 5, part_drawn_micros[1] = part_drawn_micros[1] + 5
where session_id = 'corrected';
update journal
set amount_micros = amount_micros + 5
where session_id = 'corrected' and reason = 'call';
update accounts
set posted_micros = posted_micros - 5, lot_free_micros[1] = lot_free_micros[1] - 5
where organization_id = alfa();

-- a draw moved between lots
-- found by draws_equal_journal
update call_sessions
set part_drawn_micros = array[part_drawn_micros[1] + 1, part_drawn_micros[2] - 1]
where session_id = 'long';

-- a call that holds a millionth more
-- found by lot_holds_equal_calls
update call_sessions
set part_held_micros[1] = part_held_micros[1] + 1
where session_id = 'running';

-- a call that is over and holds something
-- found by only_live_calls_hold
update call_sessions
set part_held_micros[1] = 1
where session_id = 'short';

-- a call that runs and is marked as over
-- found by lot_holds_equal_calls, only_live_calls_hold, live_calls_are_marked
update call_sessions
set live = false
where session_id = 'running';

-- a call gone
-- found by charges_equal_journal, draws_equal_journal, transfers_name_what_exists, transfers_follow_the_chart
delete from call_sessions
where session_id = 'short';

-- a refused call with a charge
-- found by charges_equal_journal, charges_equal_price
update call_sessions
set charged_micros = 1
where session_id = 'nowhere';

-- a call at another rate than its deck's
-- found by charges_equal_price, rates_equal_deck
update call_sessions
set price_per_minute_micros = 6000000
where session_id = 'short';

-- a call at other increments than its deck's
-- found by charges_equal_price, rates_equal_deck
update call_sessions
set next_increment_seconds = 60
where session_id = 'short';

-- a call at a rate that no deck has
-- found by rates_equal_deck
update call_sessions
set rate_prefix = '4'
where session_id = 'running';

-- an included call with a price
-- found by rates_equal_deck
update call_sessions
set price_per_minute_micros = 1
where session_id = 'called';

-- a call whose price lost its bands
-- found by rates_equal_deck
update call_sessions
set rate_shape = null
where session_id = 'split';

-- a call with another price in a band
-- found by rates_equal_deck
update call_sessions
set rate_shape = replace(rate_shape, '30000', '30001')
where session_id = 'split';

-- a call with steps that its deck does not have
-- found by rates_equal_deck
update call_sessions
set rate_shape = jsonb_set(
    rate_shape::jsonb, '{steps}', '[{"from_seconds": 9000, "price_per_minute_micros": 1}]'
)::text
where session_id = 'told';

-- a call with a maximum that its deck does not have
-- found by rates_equal_deck
update call_sessions
set rate_shape = jsonb_set(rate_shape::jsonb, '{charge_max_micros}', '290000')::text
where session_id = 'split';

-- a deck that changed after it was published
-- found by rates_equal_deck
update rates
set price_per_minute_micros = price_per_minute_micros + 1;

-- a deck with a rate less
-- found by rates_equal_deck, decks_are_whole
delete from rates;

-- a deck that nobody published
-- found by assigned_decks_exist
update organizations
set rate_deck_id = nobody()
where name = 'Alfa';

-- a deck in another currency
-- found by assigned_decks_exist
update rate_decks
set currency = 'RON';

-- a call with bands charged a millionth more
-- found by charges_equal_journal, charges_equal_shaped_price, parts_are_the_call
update call_sessions
set charged_micros = charged_micros + 1
where session_id = 'split';

-- a call with bands charged for less than it lasted, with limits, meters, balance, lot and journal to match
-- found by charges_equal_shaped_price
update call_sessions
set charged_micros = 289995, part_drawn_micros = array[289995], meter_parts = replace(meter_parts, '290000', '289995')
where session_id = 'split';
update journal
set amount_micros = 289995
where session_id = 'split';
update accounts
set posted_micros = posted_micros + 5, lot_free_micros[1] = lot_free_micros[1] + 5
where organization_id = charlie();
update meters
set used = used - 5
where (key, period) in (
    select part ->> 0, part ->> 1
    from call_sessions s
    cross join lateral jsonb_array_elements(s.meter_parts::jsonb) as part
    where s.session_id = 'split' and part ->> 3 = '289995'
);

-- a call with other included seconds
-- found by charges_equal_shaped_price, parts_are_the_call
update call_sessions
set included_seconds = included_seconds + 60
where session_id = 'split';

-- a call with a minute less of its pool, with the meter to match
-- found by parts_are_the_call
update call_sessions
set meter_parts = jsonb_set(meter_parts::jsonb, '{0,3}', '1')::text
where session_id = 'split';
update meters
set used = used - 1
where key = 'pool:MCOPSTN5:RO';

-- a call that counts a millionth more under one cap, with the meter to match
-- found by parts_are_the_call
update call_sessions
set meter_parts = replace(meter_parts, '["cap:department:Sales","2026-11",0,290000]',
    '["cap:department:Sales","2026-11",0,290001]')
where session_id = 'split';
update meters
set used = used + 1
where key = 'cap:department:Sales';

-- a call that runs and holds a minute less
-- found by meters_hold_what_calls_hold
update call_sessions
set meter_parts = jsonb_set(meter_parts::jsonb, '{0,2}', '4')::text
where session_id = 'holding';

-- a pool that holds a minute more
-- found by meters_hold_what_calls_hold
update meters
set held = held + 1
where key = 'pool:MCOPSTN6:RO';

-- a call that runs and is not counted
-- found by meters_hold_what_calls_hold
update meters
set held = held - 1
where key = 'calls';

-- a meter gone
-- found by meters_hold_what_calls_hold
delete from meters
where key = 'pool:MCOPSTN6:RO';

-- a pool that counts a minute less
-- found by meters_count_what_calls_used
update meters
set used = used - 1
where key = 'pool:MCOPSTN5:RO';

-- a cap that counts a millionth more
-- found by meters_count_what_calls_used
update meters
set used = used + 1
where key = 'cap:department:Sales';

-- a cap that counts for another month
-- found by meters_count_what_calls_used, meters_hold_what_calls_hold
update meters
set period = '2026-12'
where key = 'cap:department:Sales';

-- a millionth more owed
-- found by owed_equals_journal
update accounts
set owed_micros = owed_micros + 1
where organization_id = charlie();

-- a call that owes a millionth more
-- found by owed_equals_journal, charges_equal_journal
update call_sessions
set owed_micros = owed_micros + 1
where session_id = 'owed';

-- a debt struck out
-- found by owed_equals_journal
delete from journal
where reason = 'call_owed';

-- a debt of another call
-- found by owed_equals_journal
update journal
set session_id = 'split'
where reason = 'call_owed';

-- a debt that was forgiven and is back
-- found by owed_equals_journal
delete from journal
where reason = 'debt_correction';

-- a debt taken for a charge
-- found by posted_equals_journal, charges_equal_journal, owed_equals_journal, lots_move_with_credits
update journal
set source = 'customer_credits', reason = 'call'
where reason = 'call_owed';

-- a debt on a lot
-- found by lots_move_with_credits
update journal
set lot_id = (select lot_id from fund_lots where source = 'opening_balance')
where reason = 'call_owed';

-- a debt booked to another revenue
-- found by transfers_follow_the_chart
update journal
set target = 'revenue_toll_in'
where reason = 'call_owed';

-- a repayment struck out
-- found by posted_equals_journal, lots_equal_journal, owed_equals_journal
delete from journal
where reason = 'repayment';

-- a repayment for a call
-- found by owed_equals_journal, charges_equal_journal, draws_equal_journal, transfers_follow_the_chart
update journal
set session_id = 'owed'
where reason = 'repayment';

-- an opening balance taken for a promotion
-- found by transfers_follow_the_chart
update journal
set reason = 'promotion'
where reason = 'opening_balance';

-- an opening balance moved in with twice
-- found by posted_equals_journal, lots_equal_journal, lots_were_filled_once
insert into journal
select shard_id, organization_id, gen_random_uuid(), at, source, target, amount_micros, reason, lot_id,
    session_id, top_up_id
from journal
where reason = 'opening_balance';

-- a licence that no roster counts
-- found by rosters_count_licences
insert into parties (
    shard_id, organization_id, party_id, kind, user_principal_name, display_name, usage_location, department, licences,
    toll_free_allowed, created_at
) values (0, alfa(), gen_random_uuid(), 'user', 'a@example.com', '', 'RO', '', '{MCOPSTN5}', true, now());

-- a number of nobody
-- found by links_to_people_exist
insert into phone_numbers (
    shard_id, organization_id, number, kind, display_name, generation, created_at, purpose, party_id
) values (0, alfa(), '+40212345678', 'user', '', 1, now(), 'person', nobody());
