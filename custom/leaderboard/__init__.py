"""The ledger of what was submitted, and what the board's scores say about validation."""
