-- Take away what was added up of an organization's journal.
delete from journal_days j where j.shard_id = $1 and j.organization_id = $2
