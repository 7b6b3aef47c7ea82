-- Makes a draft a cost deck from an instant on; no row comes back when it is no draft any more. Decks are the operator's.
update rate_decks d
set state = 'cost', in_force_at = $3
where d.shard_id = $1
    and d.organization_id = '00000000-0000-0000-0000-000000000000'
    and d.rate_deck_id = $2
    and d.state = 'draft'
returning d.rate_deck_id
