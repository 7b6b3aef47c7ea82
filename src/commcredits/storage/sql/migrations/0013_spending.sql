-- Sums of calls by day, for reports on spending.

select 1;
