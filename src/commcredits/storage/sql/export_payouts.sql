-- What gateways have paid out to the bank on the days of a period.
select p.gateway, p.reference, p.amount_micros, p.currency, p.arrives_on
from gateway_payouts p
where p.shard_id = $1
    and p.organization_id = '00000000-0000-0000-0000-000000000000'
    and p.arrives_on >= $2
    and p.arrives_on < $3
    and p.state = 'paid'
    and p.amount_micros <> 0
order by p.arrives_on, p.gateway, p.reference
