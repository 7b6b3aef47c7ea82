"""The demonstration: sample organizations, a sample rate deck and traffic that anybody can start with one command."""
