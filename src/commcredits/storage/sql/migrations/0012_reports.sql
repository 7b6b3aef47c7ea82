-- What reports, exports and the retention of call records need.

select 1;
