"""Real servers without Docker: PostgreSQL, Redis and an MQTT broker as child processes of ours.

Nothing here imports Django: these modules run before settings can be read.

- `users`, `places`: who the servers run as, and where they can reach their files
- `ports`, `vault`: what is chosen once and remembered in VAR
- `processes`: starting, watching and ending one process
- `postgres`, `valkey`, `mosquitto`: what to run
- `supervisor`: keeps a list of them running
"""
