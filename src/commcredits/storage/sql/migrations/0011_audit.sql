-- Every act of a person or a program, chained.

select 1;
