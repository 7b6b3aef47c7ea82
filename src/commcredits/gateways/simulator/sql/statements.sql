-- Every statement that the simulated gateway runs, each under its name.

-- name: count_reference
update reference_counter set given_out = given_out + 1 returning given_out;

-- name: insert_customer
insert into customers (reference, name, metadata, created_at) values (:reference, :name, :metadata, :now);

-- name: find_customer
select * from customers where reference = :reference;

-- name: insert_payment_method
insert into payment_methods (reference, customer_reference, card_name, last4, expiry_month, expiry_year, fingerprint)
values (:reference, :customer_reference, :card_name, :last4, :expiry_month, :expiry_year, :fingerprint);

-- name: find_payment_method
select * from payment_methods where reference = :reference;

-- name: list_payment_methods
select * from payment_methods where customer_reference = :customer_reference and detached_at is null order by sequence;

-- name: detach_payment_method
update payment_methods set detached_at = :now where reference = :reference and detached_at is null;

-- name: insert_setup
insert into setups (reference, page_token, customer_reference, return_url)
values (:reference, :page_token, :customer_reference, :return_url);

-- name: find_setup_by_reference
select * from setups where reference = :reference;

-- name: find_setup_by_page_token
select * from setups where page_token = :page_token;

-- name: finish_setup
update setups set payment_method_reference = :payment_method_reference where reference = :reference;

-- name: insert_charge
insert into charges (
    reference, idempotency_key, payment_method_reference, amount_minor, currency, off_session, description, metadata,
    return_url, status, decline_code, fee_minor, page_token, settles_at, settles_declined_code, webhook_fault, created_at
) values (
    :reference, :idempotency_key, :payment_method_reference, :amount_minor, :currency, :off_session, :description, :metadata,
    :return_url, :status, :decline_code, :fee_minor, :page_token, :settles_at, :settles_declined_code, :webhook_fault, :now
);

-- name: find_charge_by_reference
select * from charges where reference = :reference;

-- name: find_charge_by_key
select * from charges where idempotency_key = :idempotency_key;

-- name: find_charge_by_page_token
select * from charges where page_token = :page_token;

-- name: list_charges
select * from charges where sequence > :after order by sequence limit :limit;

-- name: list_charges_to_settle
select * from charges where settles_at is not null and settles_at <= :now order by settles_at, sequence;

-- name: next_settlement
select min(settles_at) as due_at from charges where settles_at is not null;

-- name: decide_charge
update charges set status = :status, decline_code = :decline_code, fee_minor = :fee_minor, settles_at = null
where reference = :reference and status in ('processing', 'action_required');

-- name: dispute_charge
update charges set dispute_state = :dispute_state where reference = :reference;

-- name: add_to_refunded
update charges set refunded_minor = refunded_minor + :amount_minor where reference = :reference;

-- name: total_charges
select currency, count(*) as charges, sum(amount_minor) as charged_minor, sum(refunded_minor) as refunded_minor
from charges where status = 'succeeded' group by currency order by currency;

-- name: list_payouts
-- A day's payout, once the day is over: what was taken less fees, and what was given back or lost that day.
select replace(day, '-', '') as day_number, day, currency, sum(moved) as amount_minor
from (
    select substr(created_at, 1, 10) as day, currency, amount_minor - coalesce(fee_minor, 0) as moved
    from charges where status = 'succeeded'
    union all
    select substr(created_at, 1, 10), currency, -amount_minor from refunds where refusal_code is null
    union all
    select substr(e.occurred_at, 1, 10), c.currency, c.refunded_minor - c.amount_minor
    from events e join charges c on c.reference = e.object_reference
    where e.kind = 'dispute_lost'
) moves
where day < :today and cast(replace(day, '-', '') as integer) > :after
group by day, currency
order by day, currency
limit :limit;

-- name: resume_charge
update charges set return_url = :return_url where idempotency_key = :idempotency_key and status = 'action_required';

-- name: close_key
insert into closed_keys (idempotency_key, closed_at) values (:idempotency_key, :now) on conflict do nothing;

-- name: find_closed_key
select * from closed_keys where idempotency_key = :idempotency_key;

-- name: insert_refund
insert into refunds (reference, idempotency_key, charge_reference, amount_minor, currency, reason, refusal_code, created_at)
values (:reference, :idempotency_key, :charge_reference, :amount_minor, :currency, :reason, :refusal_code, :now);

-- name: find_refund_by_key
select * from refunds where idempotency_key = :idempotency_key;

-- name: insert_answer
insert into answers (operation, idempotency_key, content_digest, body)
values (:operation, :idempotency_key, :content_digest, :body);

-- name: find_answer
select content_digest, body from answers where operation = :operation and idempotency_key = :idempotency_key;

-- name: insert_event
insert into events (id, kind, object_reference, idempotency_key, occurred_at)
values (:id, :kind, :object_reference, :idempotency_key, :now);

-- name: count_events_of
select count(*) as events from events where object_reference = :object_reference;

-- name: list_events
select * from events where sequence > :after order by sequence limit :limit;

-- name: insert_delivery
insert into deliveries (event_sequence, due_at) values (:event_sequence, :due_at);

-- name: next_delivery
select d.sequence, d.due_at, d.tries, e.id, e.kind, e.object_reference, e.idempotency_key, e.occurred_at
from deliveries d join events e on e.sequence = d.event_sequence
order by d.due_at, d.sequence limit 1;

-- name: delete_delivery
delete from deliveries where sequence = :sequence;

-- name: postpone_delivery
update deliveries set tries = tries + 1, due_at = :due_at where sequence = :sequence;

-- name: insert_script
insert into script (operation, payment_method_reference, requests_left, fault)
values (:operation, :payment_method_reference, :requests_left, :fault);

-- name: list_script
select * from script order by sequence;

-- name: match_script
select * from script
where operation = :operation and (payment_method_reference is null or payment_method_reference = :payment_method_reference)
order by sequence;

-- name: use_script_once
update script set requests_left = requests_left - 1 where sequence = :sequence and requests_left > 1;

-- name: delete_script
delete from script where sequence = :sequence;

-- name: clear_script
delete from script;
