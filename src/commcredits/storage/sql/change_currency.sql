-- Another currency for an organization without funds, while its account is locked: decks of other currencies are no longer
-- its own, and a new version of the account finds every copy of it in memory stale.
with theirs as (
    update organizations o
    set currency = $3,
        minor_digits = $4,
        rate_deck_id = (
            select d.rate_deck_id
            from rate_decks d
            where d.shard_id = $1
                and d.organization_id = '00000000-0000-0000-0000-000000000000'
                and d.rate_deck_id = o.rate_deck_id
                and d.currency = $3
        )
    where o.shard_id = $1 and o.organization_id = $2
),
laid_ready as (
    update next_rate_decks n
    set rate_deck_id = null, in_force_at = null
    where n.shard_id = $1
        and n.organization_id = $2
        and not exists (
            select
            from rate_decks d
            where d.shard_id = $1
                and d.organization_id = '00000000-0000-0000-0000-000000000000'
                and d.rate_deck_id = n.rate_deck_id
                and d.currency = $3
        )
)
update accounts a
set version = a.version + 1
where a.shard_id = $1 and a.organization_id = $2
