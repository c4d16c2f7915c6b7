"""The HTTP API under /api/v1: `root` puts it together, `docs/api.md` explains it."""
