-- Another name or language for an organization; what it is called changes nothing that its account decides by.
update organizations o
set name = $3, language = $4
where o.shard_id = $1 and o.organization_id = $2
