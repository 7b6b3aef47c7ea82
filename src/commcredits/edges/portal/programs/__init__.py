"""The pages for programs: keys, the sandbox, webhooks."""
