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
-- found by top_ups_equal_journal, top_ups_equal_lots, receipts_are_whole
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
-- found by top_ups_equal_lots, transfers_name_what_exists, receipts_are_whole
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

-- a receipt that is gone
-- found by receipts_are_whole
delete from receipts where sequence = 1;

-- a number that was skipped
-- found by receipts_are_whole
update receipt_series set last_sequence = last_sequence + 1;

-- a receipt of a millionth more
-- found by receipts_are_whole
update receipts set net_micros = net_micros + 1 where sequence = 1;

-- more credited than was paid
-- found by receipts_are_whole
insert into receipts
select
    shard_id, organization_id, top_up_id, 'CN', 1, 'CN-000001', 'dispute', subject_id, top_up_id, issued_at, settled_at,
    currency, net_micros, tax_micros + 1, document
from receipts
where sequence = 1;

-- a tax a millionth larger
-- found by taxes_equal_journal, receipts_are_whole
update top_ups set tax_micros = tax_micros + 1 where lot_id = bought();

-- a refund under way that the journal does not know
-- found by refunds_equal_journal
insert into refunds
select
    shard_id, organization_id, nobody(), top_up_id, lot_id, 'sent', 1, 0, 'spoiled', 'nobody', settled_at, null, '', ''
from top_ups
where lot_id = bought();

-- an audit log that is gone, but for its end
-- found by audit_chains_hold
insert into audit_heads values (0, nobody(), 3, sha256('before'), sha256('last'));
