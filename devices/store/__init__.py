"""Batch writes of facts: COPY and one UPDATE a batch instead of one a message.  Callers own the transaction."""
