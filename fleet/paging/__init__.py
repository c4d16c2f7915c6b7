"""Who must know: duty, escalation, and the outbox of everything that is told."""
