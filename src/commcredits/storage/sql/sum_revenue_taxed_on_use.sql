-- The revenue of one country's organizations between two instants: all of it, and what of it no tax on use is due on,
-- because nobody paid for its funds or because they were taxed when they were bought.
select
    o.currency,
    sum(signed.micros) as revenue_micros,
    coalesce(sum(signed.micros) filter (where l.source = 'promotion'), 0) as given_micros,
    coalesce(
        sum(signed.micros) filter (where t.tax_treatment in ('on_top_up', 'reverse_charge')), 0
    ) as taxed_before_micros
from journal j
join organizations o on o.shard_id = j.shard_id and o.organization_id = j.organization_id
cross join lateral (
    select case when j.target like 'revenue\_%' then j.amount_micros else -j.amount_micros end as micros
) signed
left join fund_lots l
    on l.shard_id = j.shard_id and l.organization_id = j.organization_id and l.lot_id = j.lot_id
left join top_ups t
    on t.shard_id = j.shard_id and t.organization_id = j.organization_id and t.lot_id = j.lot_id
where j.shard_id = $1
    and o.sandbox_of is null
    and j.at >= $2
    and j.at < $3
    and o.country = $4
    and not ($5::boolean and o.has_tax_id)
    and (j.target like 'revenue\_%' or j.source like 'revenue\_%')
group by o.currency
order by o.currency
