"""What a run may spend: costs, the ledger, the share of a quota. Pure."""
