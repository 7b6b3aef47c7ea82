-- Every way in which the books of an organization can disagree, from the rows alone: no row comes back when all agree.
with movements as (
    select
        j.organization_id,
        j.lot_id,
        j.session_id,
        j.reason,
        case when j.target = 'customer_credits' then j.amount_micros else -j.amount_micros end as amount_micros
    from journal j
    where 'customer_credits' in (j.source, j.target)
),
balances as (
    select m.organization_id, sum(m.amount_micros) as amount_micros from movements m group by m.organization_id
),
lots as (
    select a.organization_id, l.lot_id, l.free_micros, l.held_micros
    from accounts a
    cross join lateral unnest(a.lot_ids, a.lot_free_micros, a.lot_held_micros) as l (lot_id, free_micros, held_micros)
),
lot_sums as (
    select l.organization_id, sum(l.free_micros + l.held_micros) as posted_micros, sum(l.held_micros) as held_micros
    from lots l
    group by l.organization_id
),
lot_balances as (
    select m.organization_id, m.lot_id, sum(m.amount_micros) as amount_micros
    from movements m
    group by m.organization_id, m.lot_id
),
purchases as (
    select m.organization_id, m.lot_id, sum(m.amount_micros) as amount_micros
    from movements m
    where m.session_id is null and m.amount_micros > 0 and m.reason not in ('dispute_won', 'refund_undone')
    group by m.organization_id, m.lot_id
),
parts as (
    select s.organization_id, s.session_id, p.lot_id, p.held_micros, p.drawn_micros
    from call_sessions s
    cross join lateral unnest(s.part_lot_ids, s.part_held_micros, s.part_drawn_micros)
        as p (lot_id, held_micros, drawn_micros)
),
part_holds as (
    select p.organization_id, p.lot_id, sum(p.held_micros) as held_micros
    from parts p
    group by p.organization_id, p.lot_id
),
call_parts as (
    select p.organization_id, p.session_id, sum(p.drawn_micros) as drawn_micros
    from parts p
    group by p.organization_id, p.session_id
),
call_draws as (
    select m.organization_id, m.session_id, m.lot_id, -sum(m.amount_micros) as drawn_micros
    from movements m
    where m.session_id is not null
    group by m.organization_id, m.session_id, m.lot_id
)
select 'balance by journal' as what, a.organization_id, '' as subject, a.posted_micros as stored, b.amount_micros as told
from accounts a
left join balances b using (organization_id)
where a.posted_micros <> coalesce(b.amount_micros, 0)
union all
select 'balance by lots', a.organization_id, '', a.posted_micros, l.posted_micros
from accounts a
left join lot_sums l using (organization_id)
where a.posted_micros <> coalesce(l.posted_micros, 0)
union all
select 'held by lots', a.organization_id, '', a.held_micros, l.held_micros
from accounts a
left join lot_sums l using (organization_id)
where a.held_micros <> coalesce(l.held_micros, 0)
union all
select 'lot by journal', organization_id, lot_id::text, l.free_micros + l.held_micros, b.amount_micros
from lots l
full join lot_balances b using (organization_id, lot_id)
where coalesce(l.free_micros + l.held_micros, 0) <> coalesce(b.amount_micros, 0)
union all
select 'lot held by calls', organization_id, lot_id::text, l.held_micros, p.held_micros
from lots l
full join part_holds p using (organization_id, lot_id)
where coalesce(l.held_micros, 0) <> coalesce(p.held_micros, 0)
union all
select 'lot by purchase', organization_id, lot_id::text, f.amount_micros, p.amount_micros
from fund_lots f
full join purchases p using (organization_id, lot_id)
where f.amount_micros is distinct from p.amount_micros
union all
select 'call by its parts', s.organization_id, s.session_id, s.charged_micros, p.drawn_micros
from call_sessions s
left join call_parts p using (organization_id, session_id)
where s.charged_micros <> coalesce(p.drawn_micros, 0)
union all
select 'part by journal', organization_id, session_id, p.drawn_micros, d.drawn_micros
from parts p
full join call_draws d using (organization_id, session_id, lot_id)
where coalesce(p.drawn_micros, 0) <> coalesce(d.drawn_micros, 0)
union all
select 'hold of an ended call', p.organization_id, p.session_id, p.held_micros, 0
from parts p
join call_sessions s using (organization_id, session_id)
where not s.live and p.held_micros <> 0
union all
select 'live', s.organization_id, s.session_id, s.live::int, (s.state in ('authorised', 'started'))::int
from call_sessions s
where s.live <> (s.state in ('authorised', 'started'))
union all
select 'list of live calls', organization_id, session_id, s.live::int, (l.session_id is not null)::int
from call_sessions s
full join live_calls l using (organization_id, session_id)
where s.live is distinct from (l.session_id is not null)
union all
select 'paid top-up', t.organization_id, t.top_up_id::text, t.amount_micros, f.amount_micros
from top_ups t
left join fund_lots f using (organization_id, lot_id)
where (t.state in ('succeeded', 'disputed', 'reversed')) <> (t.amount_micros is not distinct from f.amount_micros)
