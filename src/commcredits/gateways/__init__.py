"""Payment gateways: they move real money and know no ledger, no database of ours and no page of ours."""
