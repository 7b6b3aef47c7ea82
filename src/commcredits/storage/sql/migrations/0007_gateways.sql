-- Gateways: customers, payment methods, messages as they came, cursors, payouts.
select 1;
