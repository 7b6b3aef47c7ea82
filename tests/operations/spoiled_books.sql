-- Ways to spoil the books, each with the checks that must find it, and no other may. First what all of them build on.
create function alfa() returns uuid stable language sql as
$$ select organization_id from organizations where name = 'Alfa' $$;
create function bravo() returns uuid stable language sql as
$$ select organization_id from organizations where name = 'Bravo' $$;
create function charlie() returns uuid stable language sql as
$$ select organization_id from organizations where name = 'Charlie' $$;
create function bought() returns uuid stable language sql as
$$ select lot_id from fund_lots where source = 'manual' $$;
create function given() returns uuid stable language sql as
$$ select lot_id from fund_lots where amount_micros = 5000000 and organization_id = alfa() $$;
create function nobody() returns uuid stable language sql as
$$ select '018f3c5e-8a70-7000-8000-000000000001'::uuid $$;
alter table accounts drop constraint held_within_posted;
drop index top_ups_one_open_recharge;

-- a millionth more posted
-- found by posted_equals_journal, posted_equals_lots
update accounts
set posted_micros = posted_micros + 1
where organization_id = alfa();

-- a millionth less held
-- found by held_equals_lots
update accounts
set held_micros = held_micros - 1
where organization_id = alfa();

-- a millionth more on a lot
-- found by posted_equals_lots, lots_equal_journal
update accounts
set lot_free_micros[1] = lot_free_micros[1] + 1
where organization_id = alfa();

-- a millionth moved between lots
-- found by lots_equal_journal
update accounts
set lot_free_micros = array[lot_free_micros[1] + 1, lot_free_micros[2] - 1]
where organization_id = bravo();

-- a hold moved between lots
-- found by lot_holds_equal_calls
update accounts
set lot_held_micros = array[lot_held_micros[1] - 1, lot_held_micros[2] + 1],
    lot_free_micros = array[lot_free_micros[1] + 1, lot_free_micros[2] - 1]
where organization_id = bravo();

-- a hold that no call has
-- found by lot_holds_equal_calls
update accounts
set held_micros = held_micros + 1, lot_held_micros[1] = lot_held_micros[1] + 1,
    lot_free_micros[1] = lot_free_micros[1] - 1
where organization_id = alfa();

-- two lots taken for one another
-- found by lot_holds_equal_calls, lots_equal_journal
update accounts
set lot_ids = array[lot_ids[2], lot_ids[1]]
where organization_id = bravo();

-- a lot that was expired and is back
-- found by posted_equals_journal, lots_equal_journal
update accounts
set posted_micros = posted_micros + 2000000,
    lot_ids = lot_ids || (select lot_id from fund_lots where amount_micros = 2000000),
    lot_free_micros = lot_free_micros || 2000000::bigint, lot_held_micros = lot_held_micros || 0::bigint
where organization_id = alfa();

-- a lot named twice
-- found by posted_equals_lots, held_equals_lots, lot_holds_equal_calls, lots_equal_journal
update accounts
set lot_ids = lot_ids || lot_ids,
    lot_free_micros = lot_free_micros || 0::bigint, lot_held_micros = lot_held_micros || 1000000::bigint
where organization_id = alfa();

-- an account gone
-- found by each_organization_has_an_account, posted_equals_journal, lot_holds_equal_calls, lots_equal_journal
delete from accounts
where organization_id = alfa();

-- an organization gone
-- found by each_organization_has_an_account
delete from organizations
where name = 'Alfa';

-- a charge struck out
-- found by posted_equals_journal, lots_equal_journal, charges_equal_journal, draws_equal_journal
delete from journal
where session_id = 'short';

-- a charge a millionth lower
-- found by posted_equals_journal, lots_equal_journal, charges_equal_journal, draws_equal_journal
update journal
set amount_micros = amount_micros - 1
where session_id = 'short';

-- a charge written twice
-- found by posted_equals_journal, lots_equal_journal, charges_equal_journal, draws_equal_journal
insert into journal
select shard_id, organization_id, gen_random_uuid(), at, source, target, amount_micros, reason, lot_id,
    session_id, top_up_id
from journal
where session_id = 'short';

-- a correction struck out
-- found by posted_equals_journal, lots_equal_journal, charges_equal_journal, draws_equal_journal
delete from journal
where reason = 'call_correction' and session_id = 'corrected';

-- a charge on no lot
-- found by lots_equal_journal, draws_equal_journal, lots_move_with_credits
update journal
set lot_id = null
where session_id = 'short';

-- a charge on another lot
-- found by lots_equal_journal, draws_equal_journal
update journal
set lot_id = bought()
where session_id = 'short';

-- a charge on a lot that there is none of
-- found by lots_equal_journal, draws_equal_journal, transfers_name_what_exists
update journal
set lot_id = nobody()
where session_id = 'short';

-- a charge of another call
-- found by charges_equal_journal, draws_equal_journal
update journal
set session_id = 'corrected'
where session_id = 'short';

-- a charge of a call that there is none of
-- found by charges_equal_journal, draws_equal_journal, transfers_name_what_exists, transfers_follow_the_chart
update journal
set session_id = 'nobody'
where session_id = 'short';

-- a charge of another organization
-- found by posted_equals_journal, lots_equal_journal, charges_equal_journal, draws_equal_journal,
-- transfers_name_what_exists, transfers_follow_the_chart
update journal
set organization_id = bravo()
where session_id = 'short';

-- a charge booked to another revenue
-- found by transfers_follow_the_chart
update journal
set target = 'revenue_toll_free_in'
where session_id = 'short';

-- a charge for another reason
-- found by transfers_follow_the_chart, nothing_expired_early
update journal
set reason = 'expiry'
where session_id = 'short';

-- a charge for no reason known
-- found by transfers_follow_the_chart
update journal
set reason = 'gift'
where session_id = 'short';

-- a charge turned round
-- found by posted_equals_journal, lots_equal_journal, lots_were_filled_once, charges_equal_journal,
-- draws_equal_journal, transfers_follow_the_chart
update journal
set source = target, target = source
where session_id = 'short';

-- a transfer past the customer
-- found by posted_equals_journal, lots_equal_journal, lots_were_filled_once, transfers_follow_the_chart,
-- lots_move_with_credits
update journal
set target = 'adjustments'
where reason = 'promotion' and amount_micros = 5000000;

-- a purchase struck out
-- found by posted_equals_journal, lots_equal_journal, lots_were_filled_once, top_ups_equal_journal
delete from journal
where reason = 'top_up' and organization_id = alfa();

-- a purchase written twice
-- found by posted_equals_journal, lots_equal_journal, lots_were_filled_once, top_ups_equal_journal
insert into journal
select shard_id, organization_id, gen_random_uuid(), at, source, target, amount_micros, reason, lot_id,
    session_id, top_up_id
from journal
where reason = 'top_up' and organization_id = alfa();

-- a purchase written in two halves
-- found by lots_were_filled_once, top_ups_equal_journal
insert into journal
select shard_id, organization_id, gen_random_uuid(), at, source, target, amount_micros / 2, reason, lot_id,
    session_id, top_up_id
from journal
where lot_id = bought() and reason = 'top_up';
update journal
set amount_micros = 25000000
where lot_id = bought() and amount_micros = 50000000;

-- a purchase that no top-up made
-- found by top_ups_equal_journal, transfers_follow_the_chart
update journal
set top_up_id = null
where reason = 'top_up' and organization_id = alfa();

-- a purchase by a top-up that there is none of
-- found by top_ups_equal_journal, transfers_name_what_exists
update journal
set top_up_id = nobody()
where reason = 'top_up' and organization_id = alfa();

-- a gift with balance, lot and journal to match
-- found by lots_were_filled_once
update accounts
set posted_micros = posted_micros + 7, lot_free_micros[1] = lot_free_micros[1] + 7
where organization_id = alfa();
insert into journal
select shard_id, organization_id, gen_random_uuid(), now(), 'promotions', 'customer_credits', 7, 'promotion',
    lot_id, null, null
from fund_lots
where source = 'manual';

-- breakage before its time
-- found by nothing_expired_early
update journal
set at = at - interval '1 microsecond'
where reason = 'expiry';

-- a lot a millionth larger
-- found by lots_were_filled_once, top_ups_equal_lots
update fund_lots
set amount_micros = amount_micros + 1
where source = 'manual';

-- a bought lot gone
-- found by lots_were_filled_once, top_ups_equal_lots, transfers_name_what_exists
delete from fund_lots
where source = 'manual';

-- a lot of another source
-- found by top_ups_equal_lots
update fund_lots
set source = 'auto_recharge'
where source = 'manual';

-- a gift taken for a purchase
-- found by top_ups_equal_lots
update fund_lots
set source = 'manual'
where lot_id = given();

-- a lot that nothing filled
-- found by lots_were_filled_once
insert into fund_lots values (0, alfa(), nobody(), 'promotion', 1, now(), now());

-- a paid top-up taken for declined
-- found by top_ups_equal_journal, top_ups_equal_lots
update top_ups
set state = 'declined'
where lot_id = bought();

-- a declined top-up taken for paid
-- found by top_ups_equal_journal, top_ups_equal_lots
update top_ups
set state = 'succeeded'
where state = 'declined';

-- a top-up a millionth larger
-- found by top_ups_equal_journal, top_ups_equal_lots
update top_ups
set amount_micros = amount_micros + 1
where lot_id = bought();

-- a declined top-up with a lot
-- found by top_ups_equal_lots
update top_ups
set lot_id = given()
where state = 'declined';

-- a paid top-up without a lot
-- found by top_ups_equal_journal, top_ups_equal_lots
update top_ups
set lot_id = null
where lot_id = bought();

-- a paid top-up gone
-- found by top_ups_equal_lots, transfers_name_what_exists
delete from top_ups
where lot_id = bought();

-- two recharges at once
-- found by one_open_recharge
insert into top_ups
select shard_id, organization_id, gen_random_uuid(), kind, state, amount_micros, payment_method, created_at,
    sent_at, settled_at, gateway, gateway_reference, reason, action_url, lot_id
from top_ups
where state = 'due';

-- a call charged a millionth more
-- found by charges_equal_journal, charges_equal_price
update call_sessions
set charged_micros = charged_micros + 1
where session_id = 'short';

-- a call a second longer
-- found by charges_equal_price
update call_sessions
set used_seconds = used_seconds + 1
where session_id = 'short';

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
