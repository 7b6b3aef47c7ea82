-- Receipts: numbered series, documents, and who buys.
select 1;
