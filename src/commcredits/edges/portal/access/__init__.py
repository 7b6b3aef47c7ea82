"""Signing in, and who may: providers, passkeys, invitations, one's own visits, administrators and staff."""
