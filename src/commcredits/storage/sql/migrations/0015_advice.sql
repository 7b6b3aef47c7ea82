-- What advice to administrators is reckoned from.

select 1;
