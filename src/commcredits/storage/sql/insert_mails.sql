-- Mails that are owed from now on, each from its instant on.
insert into mails (shard_id, organization_id, mail_id, notice_id, address, language, state, made_at, next_at)
select $1, m.organization_id, m.mail_id, m.notice_id, m.address, m.language, 'waiting', $8, m.next_at
from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::timestamptz[]) as m (
    organization_id, mail_id, notice_id, address, language, next_at
)
