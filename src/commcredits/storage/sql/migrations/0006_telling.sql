-- Telling: who hears of which notice, mails, and webhooks with their deliveries.
select 1;
