-- Series with a gap, receipts of other amounts than their top-ups, and receipts of which more was credited than they say.
with numbered as (
    select
        s.organization_id,
        'series ' || s.series as subject,
        s.last_sequence::bigint as expected,
        (select count(*) from receipts r where r.shard_id = s.shard_id and r.series = s.series) as found
    from receipt_series s
    where s.shard_id = $1
),

papers as (
    select
        r.organization_id,
        r.number,
        t.amount_micros + t.tax_micros as paid,
        r.net_micros + r.tax_micros as receipted,
        coalesce(c.micros, 0) as credited
    from receipts r
    left join top_ups t
        on t.shard_id = r.shard_id and t.organization_id = r.organization_id and t.top_up_id = r.top_up_id
    left join (
        select n.organization_id, n.top_up_id, sum(n.net_micros + n.tax_micros)::bigint as micros
        from receipts n
        where n.shard_id = $1 and n.cause <> 'top_up'
        group by n.organization_id, n.top_up_id
    ) c on c.organization_id = r.organization_id and c.top_up_id = r.top_up_id
    where r.shard_id = $1 and r.cause = 'top_up'
)

select organization_id, subject, expected, found
from numbered
where expected <> found
union all
select organization_id, 'receipt ' || number, coalesce(paid, 0), receipted
from papers
where receipted is distinct from paid
union all
select organization_id, 'credit notes of receipt ' || number, receipted, credited
from papers
where credited > receipted
order by 1, 2
limit $2
