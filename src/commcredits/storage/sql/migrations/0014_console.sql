-- What the operator's console keeps.

select 1;
