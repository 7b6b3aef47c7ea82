-- Whether the database answers at all: asks for nothing, locks nothing.
select 1
