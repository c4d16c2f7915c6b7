"""What an open page is told: who may listen, and what each browser has still to hear."""
