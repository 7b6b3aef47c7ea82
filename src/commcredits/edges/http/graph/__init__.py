"""Call records at the paths and in the fields that report tools of another system know (docs/call-record-api.md)."""
