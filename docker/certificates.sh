#!/bin/sh
# Makes the broker's certificate, signed by an authority of our own that devices trust.
#
#   sudo sh docker/certificates.sh <name> [folder]     name: what devices connect to, a host name or an address
#                                                      folder: default docker
#
# The authority (<folder>/ca) is made once; ca.key belongs on no server, so move it to a safe place.  Run again,
# with ca.key in its place, for a new certificate: a running broker takes it within seconds.
set -eu
name=${1:?say which name or address devices connect to}
folder=${2:-$(dirname "$0")}
ca=$folder/ca
certificates=$folder/certificates
umask 077
mkdir -p "$ca" "$certificates"

key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1"; }

if [ -e "$ca/ca.crt" ] && [ ! -e "$ca/ca.key" ]; then
    echo "$ca/ca.key is not here: bring it back, or devices will not trust what is signed without it" >&2
    exit 1
fi
if [ ! -e "$ca/ca.key" ]; then
    key "$ca/ca.key"
    openssl req -x509 -new -key "$ca/ca.key" -sha256 -days 7300 -subj "/CN=Myofleet devices" -out "$ca/ca.crt" \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
fi

case $name in
    *:*) subject=IP:$name ;;
    *[!0-9.]*) subject=DNS:$name ;;
    *) subject=IP:$name ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
key "$work/server.key"
openssl req -new -key "$work/server.key" -subj "/CN=Myofleet broker" -out "$work/server.csr"
printf '%s\n' "subjectAltName=$subject" basicConstraints=critical,CA:FALSE keyUsage=critical,digitalSignature \
    extendedKeyUsage=serverAuth >"$work/extensions"
openssl x509 -req -in "$work/server.csr" -CA "$ca/ca.crt" -CAkey "$ca/ca.key" -CAcreateserial -sha256 -days 730 \
    -extfile "$work/extensions" -out "$work/server.crt"
chmod 755 "$certificates"
chmod 400 "$work/server.key"
chmod 444 "$work/server.crt" "$ca/ca.crt"
if [ "$(id -u)" = 0 ]; then
    chown 1883:1883 "$work/server.key" "$work/server.crt"
else
    echo "not root: before the first start, sudo chown 1883:1883 $certificates/*" >&2
fi
mv -f "$work/server.key" "$work/server.crt" "$certificates/"
echo "$certificates: for the broker, until $(openssl x509 -noout -enddate -in "$certificates/server.crt" | cut -d= -f2)"
echo "$ca/ca.crt: for every device"
