-- Forgets what sign-in needs no more: visits that ended long ago, tries, spent codes, forms; of every organization.
with visits_gone as (
    delete from visits v where v.shard_id = $1 and v.ends_at < $2 returning 1
),
tries_gone as (
    delete from sign_in_tries t where t.shard_id = $1 and t.began_at < $3 returning 1
),
codes_gone as (
    delete from spent_codes c where c.shard_id = $1 and c.forget_at < $4 returning 1
),
forms_gone as (
    delete from held_forms h where h.shard_id = $1 and h.held_at < $3 returning 1
)
select
    (select count(*) from visits_gone)
    + (select count(*) from tries_gone)
    + (select count(*) from codes_gone)
    + (select count(*) from forms_gone)
