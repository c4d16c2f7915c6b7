#!/bin/sh
# Runs Mosquitto, and has it read accounts and certificates again when their files change.
#
#   broker.sh mosquitto.conf file…      the files to watch; one that is missing is waited for
#
# Mosquitto reads them on SIGHUP only, and the process that writes them is in another container, from where
# no signal gets here.  See docs/decisions/containers.md.
set -eu
configuration=$1
shift

fingerprint() { cat "$@" 2>/dev/null | sha256sum; }

# Mosquitto has a process id before it has a handler: an early SIGHUP would end it.
takes_sighup() {
    case $(sed -n 's/^SigCgt:.*\(.\)$/\1/p' "/proc/$1/status" 2>/dev/null) in
        [13579bdfBDF]) true ;; # the lowest bit stands for signal 1
        *) false ;;
    esac
}

for file in "$@"; do
    until [ -r "$file" ]; do
        echo "waiting for $file" >&2
        sleep 2
    done
done

told=$(fingerprint "$@")
mosquitto -c "$configuration" &
broker=$!
trap 'kill -TERM "$broker" 2>/dev/null || :' TERM INT

while kill -0 "$broker" 2>/dev/null; do
    sleep 1 &
    wait $! || : # a signal to us ends this wait, not the sleep
    seen=$(fingerprint "$@")
    if [ "$seen" != "$told" ] && takes_sighup "$broker"; then
        kill -HUP "$broker" || break
        told=$seen
    fi
done
wait "$broker"
