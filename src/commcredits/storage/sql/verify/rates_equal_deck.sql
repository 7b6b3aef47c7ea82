-- Calls whose copy of their rate differs from the published one, compared by what ten minutes of it cost in millionths,
-- and by the prices of bands and steps and the maximum; included calls that have a price.
select
    s.organization_id,
    'call ' || s.session_id as subject,
    coalesce(r.connection_fee_micros + 10 * r.price_per_minute_micros::numeric, 0) as expected,
    s.connection_fee_micros + 10 * s.price_per_minute_micros::numeric as found
from call_sessions s
left join rates r
    on r.shard_id = s.shard_id
    and r.organization_id = '00000000-0000-0000-0000-000000000000'
    and r.rate_deck_id = s.rate_deck_id
    and r.service = s.service
    and r.prefix = s.rate_prefix
    and r.origin_country = coalesce(s.rate_origin_country, '')
    and r.effective_from = s.rate_effective_from
where s.shard_id = $1
    and s.rate_prefix is not null
    and s.service <> 'emergency'
    and case
        -- The rate of included calls, which no deck holds.
        when s.rate_prefix = '' then s.price_per_minute_micros <> 0 or s.connection_fee_micros <> 0
        else
            r.prefix is null
            or s.price_per_minute_micros <> r.price_per_minute_micros
            or s.connection_fee_micros <> r.connection_fee_micros
            or s.first_increment_seconds <> r.first_increment_seconds
            or s.next_increment_seconds <> r.next_increment_seconds
            -- A call has the whole shape of its price, the deck's rate what is its own: names or seconds with prices.
            or coalesce(jsonb_path_query_array(s.rate_shape::jsonb, '$.bands[*].price_per_minute_micros'), '[]')
            <> coalesce(jsonb_path_query_array(r.shape::jsonb, '$.bands[*][1]'), '[]')
            or coalesce(jsonb_path_query_array(s.rate_shape::jsonb, '$.steps[*].price_per_minute_micros'), '[]')
            <> coalesce(jsonb_path_query_array(r.shape::jsonb, '$.steps[*][1]'), '[]')
            or s.rate_shape::jsonb -> 'charge_max_micros' is distinct from r.shape::jsonb -> 'charge_max_micros'
    end
order by 1, 2
limit $2
