-- Users with a plan and credits; the first has the number that the benchmark calls from.
with people as (
    insert into parties (
        shard_id, organization_id, party_id, kind, user_principal_name, display_name, usage_location, department,
        licences, toll_free_allowed, created_at
    )
    select
        $1, $2, party_id, 'user', 'user' || number || '@example.com', 'User ' || number, 'RO', '',
        array['MCOPSTN1', 'MCOPSTNC'], true, $5
    from unnest($3::uuid[]) with ordinality as p (party_id, number)
)
insert into phone_numbers (
    shard_id, organization_id, number, kind, display_name, generation, created_at, purpose, party_id
)
values ($1, $2, $4, 'user', '', 1, $5, 'person', ($3::uuid[])[1])
