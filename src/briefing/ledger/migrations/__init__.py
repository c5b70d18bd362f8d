"""The ways from each older schema of the ledger to the newest."""
