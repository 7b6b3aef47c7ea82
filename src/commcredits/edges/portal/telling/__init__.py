"""The pages of notices: what there was to tell, and who hears of what."""
