-- The account, locked for the length of the transaction.
select lot_ids, lot_free_micros, lot_held_micros
from accounts
where shard_id = $1 and organization_id = $2
for update
