"""The worker: an edge whose caller is time. It starts operations at their intervals and refuses to know more."""
