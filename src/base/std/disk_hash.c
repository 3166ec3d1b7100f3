/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Hashes of whole files (disk.h); apart, so that what hashes no file does not link GnuTLS. */
#include "base/std/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <sodium.h>
#include <unistd.h>

/* Reads all of `fd`, hashes it and, when `to` >= 0, writes it there. The hash is GnuTLS's: it uses the processor's instructions for it, libsodium's does not, and this is
 * what a large file waits for. */
static enum trundle_status pour(int fd, const char *path, int to, const char *to_path, char out[HASH_SHA256_TEXT], int64_t *out_bytes, struct trundle_error *err)
{
    uint8_t digest[crypto_hash_sha256_BYTES], piece[65536];
    enum trundle_status status = TRUNDLE_OK;
    gnutls_hash_hd_t hash = NULL;
    int64_t bytes = 0;
    ssize_t got;

    if (gnutls_hash_init(&hash, GNUTLS_DIG_SHA256) < 0)
        return error_set(err, TRUNDLE_NO_MEMORY, path, NULL, "no memory to hash it");
    while (status == TRUNDLE_OK && (got = read(fd, piece, sizeof piece)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            status = disk_error(err, path, "read");
            break;
        }
        if (gnutls_hash(hash, piece, (size_t)got) < 0)
            status = error_set(err, TRUNDLE_IO, path, NULL, "cannot be hashed");
        bytes += got;
        if (status == TRUNDLE_OK && to >= 0)
            status = disk_write(to, piece, (size_t)got, to_path, err);
    }
    gnutls_hash_deinit(hash, digest);
    if (status != TRUNDLE_OK)
        return status;
    (void)sodium_bin2hex(out, HASH_SHA256_TEXT, digest, sizeof digest);
    if (out_bytes)
        *out_bytes = bytes;
    return TRUNDLE_OK;
}

enum trundle_status disk_hash(const char *path, char out[HASH_SHA256_TEXT], int64_t *out_bytes, struct trundle_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    enum trundle_status status;

    if (fd < 0)
        return disk_error(err, path, "open");
    status = pour(fd, path, -1, NULL, out, out_bytes, err);
    (void)close(fd);
    return status;
}

enum trundle_status disk_copy(const char *from, const char *to, mode_t mode, char out[HASH_SHA256_TEXT], int64_t *out_bytes, struct trundle_error *err)
{
    int fd = open(from, O_RDONLY | O_CLOEXEC), to_fd;
    enum trundle_status status;

    if (fd < 0)
        return disk_error(err, from, "open");
    to_fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (to_fd < 0) {
        status = disk_error(err, to, "create");
        (void)close(fd);
        return status == TRUNDLE_NOT_FOUND ? TRUNDLE_IO : status;      /* NOT_FOUND is for `from` */
    }
    status = pour(fd, from, to_fd, to, out, out_bytes, err);
    if (status == TRUNDLE_OK)
        status = disk_close(to_fd, to, err);
    else
        (void)close(to_fd);
    if (status != TRUNDLE_OK)
        (void)unlink(to);
    (void)close(fd);
    return status;
}
