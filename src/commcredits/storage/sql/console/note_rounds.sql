-- Notes when rounds of a worker last ran, many at once; a row is as wide as before, so that its update stays in its page.
-- It belongs to the operator, as its organization says.
insert into worker_rounds (
    shard_id, organization_id, name, worker, interval_milliseconds, began_at, ended_at, milliseconds, did, runs,
    last_well_at, last_useful_at, failures, failure, noted_at
)
select
    $1, '00000000-0000-0000-0000-000000000000', n.name, $2, n.interval_milliseconds, n.began_at, n.ended_at,
    n.milliseconds, n.did, n.runs, n.last_well_at, n.last_useful_at, n.failures, n.failure, $3
from unnest(
    $4::text [], $5::bigint [], $6::timestamptz [], $7::timestamptz [], $8::bigint [], $9::bigint [], $10::bigint [],
    $11::timestamptz [], $12::timestamptz [], $13::integer [], $14::text []
) as n (
    name, interval_milliseconds, began_at, ended_at, milliseconds, did, runs, last_well_at, last_useful_at, failures,
    failure
)
order by n.name
on conflict (shard_id, organization_id, name) do update
set worker = excluded.worker,
    interval_milliseconds = excluded.interval_milliseconds,
    began_at = excluded.began_at,
    ended_at = excluded.ended_at,
    milliseconds = excluded.milliseconds,
    did = worker_rounds.did + excluded.did,
    runs = worker_rounds.runs + excluded.runs,
    last_well_at = coalesce(excluded.last_well_at, worker_rounds.last_well_at),
    last_useful_at = coalesce(excluded.last_useful_at, worker_rounds.last_useful_at),
    -- A round that failed all the time goes on counting where another worker left off.
    failures = case
        when excluded.last_well_at is null then worker_rounds.failures + excluded.failures else excluded.failures
    end,
    failure = excluded.failure,
    noted_at = excluded.noted_at
