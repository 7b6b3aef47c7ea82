-- Funding rules: vouchers, and adjustments that a second person agrees to.
select 1;
