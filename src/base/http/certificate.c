/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* A certificate for a server that no authority knows: made here, pinned by its clients; and the hash of a body. The only file of this room that speaks GnuTLS. */
#include "base/http/http.h"
#include "base/std/time.h"

#include <arpa/inet.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { DAYS = 3650, NAMES_MAX = 16 };

static enum trundle_status refused(int rc, struct trundle_error *err)
{
    return error_set(err, TRUNDLE_IO, "certificate", NULL, "cannot be made: %s", gnutls_strerror(rc));
}

/* An IP address must stand in the certificate as one: as a name, browsers do not take it. */
static int add_name(gnutls_x509_crt_t certificate, const char *name, bool first)
{
    unsigned char address[16];
    unsigned flags = first ? GNUTLS_FSAN_SET : GNUTLS_FSAN_APPEND;

    if (inet_pton(AF_INET, name, address) == 1)
        return gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_IPADDRESS, address, 4, flags);
    if (inet_pton(AF_INET6, name, address) == 1)
        return gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_IPADDRESS, address, 16, flags);
    return gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_DNSNAME, name, (unsigned)strlen(name), flags);
}

static int fill(gnutls_x509_crt_t certificate, gnutls_x509_privkey_t key, const char *const *names, size_t n)
{
    static const char common[] = "Trundle hub";
    time_t now = (time_t)(clock_wall_ns() / NS_PER_S);
    unsigned char serial[16], id[64];
    size_t id_n = sizeof id;
    int rc;

    randombytes_buf(serial, sizeof serial);
    serial[0] = (unsigned char)((serial[0] & 0x7f) | 1);       /* positive, and not of a leading zero */
    if ((rc = gnutls_x509_crt_set_version(certificate, 3)) < 0 || (rc = gnutls_x509_crt_set_key(certificate, key)) < 0 ||
        (rc = gnutls_x509_crt_set_serial(certificate, serial, sizeof serial)) < 0 ||
        (rc = gnutls_x509_crt_set_activation_time(certificate, now - 86400)) < 0 ||
        (rc = gnutls_x509_crt_set_expiration_time(certificate, now + (time_t)DAYS * 86400)) < 0 ||
        (rc = gnutls_x509_crt_set_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, common, sizeof common - 1)) < 0)
        return rc;
    for (size_t i = 0; i < n; i++)
        if ((rc = add_name(certificate, names[i], i == 0)) < 0)
            return rc;
    if ((rc = gnutls_x509_crt_set_basic_constraints(certificate, 1, 0)) < 0 ||
        (rc = gnutls_x509_crt_set_key_usage(certificate, GNUTLS_KEY_DIGITAL_SIGNATURE | GNUTLS_KEY_KEY_CERT_SIGN)) < 0 ||
        (rc = gnutls_x509_crt_set_key_purpose_oid(certificate, GNUTLS_KP_TLS_WWW_SERVER, 0)) < 0 ||
        (rc = gnutls_x509_crt_get_key_id(certificate, 0, id, &id_n)) < 0 ||
        (rc = gnutls_x509_crt_set_subject_key_id(certificate, id, id_n)) < 0)
        return rc;
    return gnutls_x509_crt_sign2(certificate, certificate, key, GNUTLS_DIG_SHA256, 0);
}

enum trundle_status http_certificate_make(const char *const *names, size_t n, struct bytes *out_certificate, struct bytes *out_key,
                                          struct trundle_error *err)
{
    gnutls_x509_privkey_t key = NULL;
    gnutls_x509_crt_t certificate = NULL;
    gnutls_datum_t crt_pem = { NULL, 0 }, key_pem = { NULL, 0 };
    struct bytes crt_text = { 0 }, key_text = { 0 };
    enum trundle_status status = TRUNDLE_OK;
    int rc;

    if (!n || n > NAMES_MAX)
        return error_set(err, TRUNDLE_BAD_ARG, "certificate", NULL, "takes 1 to %d names", NAMES_MAX);
    if (sodium_init() < 0)
        return error_set(err, TRUNDLE_IO, "certificate", NULL, "no random numbers");
    if ((rc = gnutls_x509_privkey_init(&key)) < 0 || (rc = gnutls_x509_crt_init(&certificate)) < 0 ||
        (rc = gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0)) < 0 ||
        (rc = fill(certificate, key, names, n)) < 0 || (rc = gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, &crt_pem)) < 0 ||
        (rc = gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &key_pem)) < 0) {
        status = refused(rc, err);
        goto out;
    }
    if (bytes_print(&crt_text, "%.*s", (int)crt_pem.size, (const char *)crt_pem.data) != TRUNDLE_OK ||
        bytes_print(&key_text, "%.*s", (int)key_pem.size, (const char *)key_pem.data) != TRUNDLE_OK) {
        status = error_set(err, TRUNDLE_NO_MEMORY, "certificate", NULL, "no memory");
        goto out;
    }
    *out_certificate = crt_text;
    *out_key = key_text;
    crt_text = key_text = (struct bytes){ 0 };
out:
    if (key_pem.data)
        sodium_memzero(key_pem.data, key_pem.size);
    bytes_done(&crt_text);
    bytes_done(&key_text);
    gnutls_free(crt_pem.data);
    gnutls_free(key_pem.data);
    if (certificate)
        gnutls_x509_crt_deinit(certificate);
    if (key)
        gnutls_x509_privkey_deinit(key);
    return status;
}

const char *http_body_sha256(const struct http_request *request, char out[HTTP_HASH])
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    const void *body = request->body_n ? (const void *)request->body : "";

    if (gnutls_hash_fast(GNUTLS_DIG_SHA256, body, request->body_n, hash) != 0)
        (void)crypto_hash_sha256(hash, body, request->body_n);
    return sodium_bin2hex(out, HTTP_HASH, hash, sizeof hash);
}

enum trundle_status http_certificate_pin(const char *certificate_pem, char out_pin[HTTP_PIN], struct trundle_error *err)
{
    union { const char *text; unsigned char *data; } pem = { .text = certificate_pem };   /* the library only reads it */
    gnutls_datum_t in = { pem.data, (unsigned)strlen(certificate_pem) };
    gnutls_x509_crt_t certificate = NULL;
    unsigned char hash[crypto_hash_sha256_BYTES];
    size_t n = sizeof hash;
    char base64[sodium_base64_ENCODED_LEN(sizeof hash, sodium_base64_VARIANT_ORIGINAL)];
    int rc = gnutls_x509_crt_init(&certificate);

    if (rc >= 0)
        rc = gnutls_x509_crt_import(certificate, &in, GNUTLS_X509_FMT_PEM);
    if (rc >= 0)
        rc = gnutls_x509_crt_get_key_id(certificate, GNUTLS_KEYID_USE_SHA256, hash, &n);
    if (certificate)
        gnutls_x509_crt_deinit(certificate);
    if (rc < 0 || n != sizeof hash)
        return error_set(err, TRUNDLE_BAD_INPUT, "certificate", "PEM: -----BEGIN CERTIFICATE-----", "%s", gnutls_strerror(rc));
    (void)snprintf(out_pin, HTTP_PIN, "sha256//%s", sodium_bin2base64(base64, sizeof base64, hash, sizeof hash, sodium_base64_VARIANT_ORIGINAL));
    return TRUNDLE_OK;
}
