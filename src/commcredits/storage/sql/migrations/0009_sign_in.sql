-- Administrators of organizations and staff of the operator, and how they sign in.

select 1;
