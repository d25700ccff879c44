#!/bin/sh
# Makes the signatures in this folder again (OpenSSL 3). Private keys are thrown away.
# A `.key` holds the bits of a SubjectPublicKeyInfo: an uncompressed point, or an RSAPublicKey.
set -eu
out=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

printf 'sallyport: does the host verify?' > message
signatures() { # name, bytes at the end of the SubjectPublicKeyInfo that are the key
    openssl pkey -in private.pem -pubout -outform DER | tail -c "$2" > "$out/$1.key"
    for hash in sha256 sha384 sha512; do
        openssl dgst "-$hash" -sign private.pem -out "$out/$1-$hash.sig" message
    done
}
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out private.pem 2>/dev/null
signatures p256 65
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out private.pem 2>/dev/null
signatures p384 97
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521 -out private.pem 2>/dev/null
signatures p521 133
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out private.pem 2>/dev/null
signatures rsa 270
