#!/bin/sh
# Made the certificates beside this file: an authority of our own, a server it vouches for, and one of another name.
set -e
cd "$(dirname "$0")"
new="openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500"
$new -keyout ca.key -out ca.pem -subj "/CN=FirstToken test authority" -addext keyUsage=critical,keyCertSign
for name in localhost elsewhere.invalid; do
  [ $name = localhost ] && names=DNS:localhost,IP:127.0.0.1 || names=DNS:$name
  $new -CA ca.pem -CAkey ca.key -keyout $name.key -out $name.crt -subj "/CN=$name" \
    -addext basicConstraints=critical,CA:FALSE -addext subjectAltName=$names
  cat $name.key $name.crt > $name.pem
  rm $name.key $name.crt
done
rm ca.key
