"""The pages of users, resource accounts and licences."""
