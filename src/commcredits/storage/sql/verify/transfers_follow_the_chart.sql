-- Transfers between accounts that their reason does not connect, or that name no call or top-up where they must.
select j.organization_id, 'transfer ' || j.transfer_id as subject, 0 as expected, j.amount_micros as found
from journal j
left join call_sessions s
    on s.shard_id = j.shard_id and s.organization_id = j.organization_id and s.session_id = j.session_id
where j.shard_id = $1
    and case j.reason
        when 'top_up' then
            j.source = 'gateway_clearing'
            and j.target = 'customer_credits'
            and j.top_up_id is not null
            and j.session_id is null
        when 'promotion' then
            j.source = 'promotions'
            and j.target = 'customer_credits'
            and j.top_up_id is null
            and j.session_id is null
        when 'call' then
            j.source = 'customer_credits'
            and j.target = 'revenue_' || s.service
            and j.top_up_id is null
        when 'call_correction' then
            j.source = 'revenue_' || s.service
            and j.target = 'customer_credits'
            and j.top_up_id is null
        when 'opening_balance' then
            j.source = 'adjustments'
            and j.target = 'customer_credits'
            and j.top_up_id is null
            and j.session_id is null
        when 'call_owed' then
            j.source = 'receivable'
            and j.target = 'revenue_' || s.service
            and j.top_up_id is null
        when 'debt_correction' then
            j.source = 'revenue_' || s.service
            and j.target = 'receivable'
            and j.top_up_id is null
        when 'repayment' then
            j.source = 'customer_credits'
            and j.target = 'receivable'
            and j.top_up_id is null
            and j.session_id is null
        when 'tax' then
            j.source = 'gateway_clearing'
            and j.target = 'tax'
            and j.top_up_id is not null
            and j.session_id is null
        when 'gateway_fee' then
            j.source = 'gateway_fees'
            and j.target = 'gateway_clearing'
            and j.top_up_id is not null
            and j.session_id is null
        when 'refund' then
            (j.source in ('customer_credits', 'tax') and j.target = 'refunds'
                or j.source = 'refunds' and j.target = 'gateway_clearing')
            and j.top_up_id is not null
            and j.session_id is null
        when 'refund_undone' then
            (j.source = 'refunds' and j.target in ('customer_credits', 'tax', 'receivable')
                or j.source = 'gateway_clearing' and j.target = 'refunds')
            and j.top_up_id is not null
            and j.session_id is null
        when 'dispute' then
            j.source = 'customer_credits'
            and j.target = 'disputed'
            and j.top_up_id is not null
            and j.session_id is null
        when 'dispute_won' then
            j.source = 'disputed'
            and j.target = 'customer_credits'
            and j.top_up_id is not null
            and j.session_id is null
        when 'dispute_lost' then
            j.source in ('disputed', 'receivable', 'tax')
            and j.target = 'gateway_clearing'
            and j.top_up_id is not null
            and j.session_id is null
        when 'adjustment' then
            (j.source = 'adjustments' and j.target = 'customer_credits'
                or j.source in ('customer_credits', 'receivable') and j.target = 'adjustments')
            and j.top_up_id is null
            and j.session_id is null
        when 'credit_line' then
            (j.source = 'receivable' and j.target = 'customer_credits'
                or j.source = 'customer_credits' and j.target = 'receivable')
            and j.top_up_id is null
            and j.session_id is null
        when 'closing' then
            j.source = 'customer_credits'
            and j.target = 'breakage'
            and j.top_up_id is null
            and j.session_id is null
        when 'expiry' then
            j.source = 'customer_credits'
            and j.target = 'breakage'
            and j.top_up_id is null
            and j.session_id is null
        else false
    end is not true
order by 1, 2
limit $2
