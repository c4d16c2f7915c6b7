#!/bin/sh
# Makes every secret that compose.yaml names, each in a file of its own.  Never touches secrets that are there.
#
#   sudo sh docker/secrets.sh [folder]        default: docker/secrets
#
# As root it gives them to 1883, the account of the containers; an engine in which other numbers mean that
# account (rootless, user namespaces) needs them given to whatever it maps 1883 to.
set -eu
folder=${1:-$(dirname "$0")/secrets}
umask 077
if ! mkdir "$folder"; then
    echo "$folder is there already, and its secrets are kept; remove it only if this house has no data yet" >&2
    exit 1
fi

word() { head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n'; }
key() { head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n'; }
keep() { printf '%s\n' "$2" >"$folder/$1"; }

postgres=$(word) valkey=$(word) ingest=$(word) dispatch=$(word) direct=$(word)
keep secret_key "$(word)"
keep postgres_password "$postgres"
keep database_url "postgresql://myofleet:$postgres@postgres:5432/myofleet"
keep valkey_password.conf "requirepass $valkey"
keep redis_url "redis://:$valkey@redis:6379/0"
keep mqtt_server_accounts "_ingest:$ingest,_dispatch:$dispatch,_direct:$direct"
keep mqtt_url_ingest "mqtt://_ingest:$ingest@broker:1883"
keep mqtt_url_dispatch "mqtt://_dispatch:$dispatch@broker:1883"
keep mqtt_url_direct "mqtt://_direct:$direct@broker:1883"
keep vapid_private_key "$(key)"
keep email_url "" # no mail until you write smtp+tls://user:password@host:587 into it

chmod 400 "$folder"/*
if [ "$(id -u)" = 0 ]; then
    chown 1883:1883 "$folder"/*
else
    echo "not root: before the first start, sudo chown 1883:1883 $folder/*" >&2
fi
