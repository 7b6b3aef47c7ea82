-- What moved in an organization on each of its days before $3, as far as the journal has been added up.
select j.day, j.source, j.target, j.reason, j.transfers, j.amount_micros
from journal_days j
where j.shard_id = $1 and j.organization_id = $2 and j.day < $3
