-- Which of our processes are connected to this database, by the names that they gave, and how many connections each has.
select
    a.application_name,
    count(*) as connections,
    min(a.backend_start) as since,
    count(*) filter (where a.state = 'active') as active
from pg_stat_activity a
where a.datname = current_database() and a.application_name <> '' and a.backend_type = 'client backend'
group by a.application_name
order by a.application_name
limit 100
