"""Everything that speaks to the outside: each edge translates a wire into commands, and outcomes back."""
