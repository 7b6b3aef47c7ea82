-- Batches of vouchers with how many of each stand in which state, newest first, from the one before a given id on.
select b.*, counted.open_count, counted.claimed_count, counted.redeemed_count, counted.voided_count
from (
    select *
    from voucher_batches b
    where b.shard_id = $1
        and b.organization_id = '00000000-0000-0000-0000-000000000000'
        and b.batch_id < $2
        and ($3::uuid is null or b.batch_id = $3)
    order by b.batch_id desc
    limit $4
) b
cross join lateral (
    select
        count(*) filter (where v.state = 'open') as open_count,
        count(*) filter (where v.state = 'claimed') as claimed_count,
        count(*) filter (where v.state = 'redeemed') as redeemed_count,
        count(*) filter (where v.state = 'voided') as voided_count
    from vouchers v
    where v.shard_id = b.shard_id and v.organization_id = b.organization_id and v.batch_id = b.batch_id
) counted
order by b.batch_id desc
