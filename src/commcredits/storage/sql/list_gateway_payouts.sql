-- Payouts of gateways, latest arrival first, within days where wanted, after a given one.
select *
from gateway_payouts
where shard_id = $1
    and organization_id = $2
    and ($3::text is null or gateway = $3)
    and ($4::date is null or (arrives_on, gateway, reference) < ($4, $5, $6))
order by arrives_on desc, gateway desc, reference desc
limit $7
