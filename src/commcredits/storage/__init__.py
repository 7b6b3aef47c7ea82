"""What the product remembers: PostgreSQL, its SQL in named files. It decides nothing."""
