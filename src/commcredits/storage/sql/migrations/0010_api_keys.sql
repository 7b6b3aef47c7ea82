-- Keys of programs, clients of OAuth 2, sandbox organizations.

select 1;
