-- Calls that were charged another amount than the flat price of what lies beyond their included seconds: connection fee
-- and started increments, rounded up once. Prices with bands, steps or other rounding are checked in the program.
select c.organization_id, 'call ' || c.session_id as subject, c.price_micros as expected, c.charged_micros as found
from (
    select
        s.organization_id,
        s.session_id,
        s.charged_micros,
        case
            when s.used_seconds <= s.included_seconds or s.price_per_minute_micros is null then 0
            else s.connection_fee_micros + div(s.price_per_minute_micros::numeric * billed.seconds + 59, 60)
        end as price_micros
    from call_sessions s
    cross join lateral (
        select
            s.first_increment_seconds
            + s.next_increment_seconds::bigint
            * greatest(
                0,
                (s.used_seconds::bigint - s.included_seconds - s.first_increment_seconds + s.next_increment_seconds - 1)
                / s.next_increment_seconds
            ) as seconds
    ) billed
    where s.shard_id = $1 and s.rate_shape is null
) c
where c.price_micros <> c.charged_micros
order by 1, 2
limit $2
