"""Who is on duty, as pages show it; forms about duty, escalation and webhooks."""
