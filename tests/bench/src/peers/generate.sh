#!/bin/sh
# Makes the certificates in this folder again (OpenSSL 3): leaf, intermediate and root in one file each.
# Private keys are thrown away. Everything is valid for 100 years from its generation.
set -eu
out=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

cat > ext.cnf <<'CNF'
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[client]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
subjectAltName = DNS:partner.test
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
CNF

chain() { # name, algorithm and options of genpkey
    chain_name=$1
    shift
    for one in root intermediate leaf; do
        openssl genpkey -algorithm "$@" -out "$one.key" 2>/dev/null
        openssl req -new -key "$one.key" -subj "/O=Sallyport bench/CN=$chain_name $one" -out "$one.csr"
    done
    openssl x509 -req -in root.csr -key root.key -days 36500 -extfile ext.cnf -extensions ca -out root.pem 2>/dev/null
    openssl x509 -req -in intermediate.csr -CA root.pem -CAkey root.key -days 36500 \
        -extfile ext.cnf -extensions ca -out intermediate.pem 2>/dev/null
    openssl x509 -req -in leaf.csr -CA intermediate.pem -CAkey intermediate.key -days 36500 \
        -extfile ext.cnf -extensions client -out leaf.pem 2>/dev/null
    cat leaf.pem intermediate.pem root.pem > "$out/$chain_name.pem"
}
chain p256 EC -pkeyopt ec_paramgen_curve:P-256
chain rsa2048 RSA -pkeyopt rsa_keygen_bits:2048
