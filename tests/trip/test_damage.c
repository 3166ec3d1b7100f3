/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * Damaged trips and failing systems: cut at every byte, bits flipped anywhere, the disk full, reads and writes that are
 * short, a sync that fails, the Nth allocation refused. malloc, calloc, realloc, read, pread, write, fsync and fdatasync of
 * our code go through the wraps below (ld --wrap); a sync does nothing but fail when told.
 */
#include "base/trip/mcap.h"
#include "tests/support/support.h"
#include "trip_sample.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- The failing system. --- */
static long allocations, fail_allocation = -1, bytes_left = -1;
static bool short_io;
static struct rng io_rng;

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
ssize_t __real_read(int fd, void *data, size_t n);
ssize_t __real_pread(int fd, void *data, size_t n, off_t at);
ssize_t __real_write(int fd, const void *data, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
ssize_t __wrap_read(int fd, void *data, size_t n);
ssize_t __wrap_pread(int fd, void *data, size_t n, off_t at);
ssize_t __wrap_write(int fd, const void *data, size_t n);

int __wrap_fsync(int fd);
int __wrap_fdatasync(int fd);

static bool sync_fails;

static int sync_or_not(int fd)
{
    (void)fd;
    errno = EIO;
    return sync_fails ? -1 : 0;
}

int __wrap_fsync(int fd) { return sync_or_not(fd); }
int __wrap_fdatasync(int fd) { return sync_or_not(fd); }
void *__wrap_malloc(size_t n) { return allocations++ == fail_allocation ? NULL : __real_malloc(n); }
void *__wrap_calloc(size_t n, size_t size) { return allocations++ == fail_allocation ? NULL : __real_calloc(n, size); }
void *__wrap_realloc(void *p, size_t n) { return allocations++ == fail_allocation ? NULL : __real_realloc(p, n); }

static size_t shortened(size_t n)
{
    return short_io && n > 1 ? 1 + rng_below(&io_rng, (uint32_t)(n < 5000 ? n : 5000)) : n;
}

ssize_t __wrap_read(int fd, void *data, size_t n) { return __real_read(fd, data, shortened(n)); }
ssize_t __wrap_pread(int fd, void *data, size_t n, off_t at) { return __real_pread(fd, data, shortened(n), at); }

ssize_t __wrap_write(int fd, const void *data, size_t n)
{
    size_t some = shortened(n);

    if (bytes_left >= 0) {
        if (!bytes_left) {
            errno = ENOSPC;
            return -1;
        }
        if (some > (size_t)bytes_left)
            some = (size_t)bytes_left;
        bytes_left -= (long)some;
    }
    return __real_write(fd, data, some);
}

/* --- Helpers. --- */
static const char *file_of(const char *name)
{
    static const char *folder;
    static char paths[8][600];
    static unsigned next;
    char *path = paths[next++ % 8];

    if (!folder)
        folder = support_scratch();
    (void)snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    (void)unlink(path);
    return path;
}

enum { N = 24 };
static const struct trip_writer_config small = { TRIP_ZSTD, 700, 250000000 };

static const struct trip_writer_config tiny = { TRIP_ZSTD, 90, 250000000 };

static void put_file(const char *path, const uint8_t *data, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    for (size_t done = 0; done < n;) {
        ssize_t some = __real_write(fd, data + done, n - done);

        assert_true(some > 0);
        done += (size_t)some;
    }
    (void)close(fd);
}

/* Reads on; every message must be the next one of the sample. -1: an error came. */
static long read_same(struct trip_reader *r, uint64_t seed, struct trundle_error *err)
{
    struct trundle_message m, want;
    uint8_t scratch[SAMPLE_SCRATCH];
    enum trundle_status status;
    long n = 0;

    while ((status = trip_next(r, &m, err)) == TRUNDLE_OK) {
        want = sample_trip_message(seed, (size_t)n, scratch);
        if (!sample_same(&want, &m))
            fail_msg("message %ld differs", n);
        n++;
    }
    return status == TRUNDLE_END ? n : -1;
}

struct whole { uint64_t end; long messages; };

/* Where each chunk of a trip ends, and how many messages there are up to there. */
static size_t chunk_ends(const char *path, struct whole *ends, size_t most)
{
    struct mcap_stream *s = NULL;
    struct mcap_record r;
    struct trundle_error err;
    size_t n = 0;
    long messages = 0;

    support_ok(mcap_stream_open(path, NULL, &s, &err), &err);
    while (mcap_stream_next(s, &r, &err) == TRUNDLE_OK && r.op != MCAP_DATA_END)
        if (r.op == MCAP_MESSAGE) {
            uint64_t end = mcap_stream_offset(s) + mcap_stream_length(s);

            messages++;
            if (!n || ends[n - 1].end != end)
                assert_true(++n <= most);
            ends[n - 1] = (struct whole){ end, messages };
        }
    mcap_stream_free(s);
    return n;
}

/* --- Tests. --- */
static void cut_at_every_byte(void **state)
{
    const char *path = file_of("cut.mcap"), *copy = file_of("copy.mcap"), *out = file_of("recovered.mcap");
    uint64_t seed = support_seed();
    struct whole ends[N];
    struct bytes b = { 0 };
    struct trundle_error err;
    size_t chunks, recovered = 0;

    (void)state;
    sample_channels = 1;                                    /* one schema: a small file */
    sample_trip(path, seed, N, &tiny, true);
    chunks = chunk_ends(path, ends, N);
    assert_true(chunks > 4);
    support_ok(file_read(path, 1 << 20, &b, &err), &err);
    put_file(copy, b.data, b.n);
    for (size_t n = b.n; n-- > 0;) {
        struct trip_reader *r = NULL;
        struct trip_recovery done;
        enum trundle_status status;
        long want = 0;

        assert_int_equal(truncate(copy, (off_t)n), 0);
        assert_true(trip_open(copy, &r, &err) == TRUNDLE_TRUNCATED && r == NULL);
        for (size_t i = 0; i < chunks; i++)
            if (ends[i].end <= n)
                want = ends[i].messages;
        status = trip_open_damaged(copy, &r, &err);
        if (status == TRUNDLE_OK)
            assert_int_equal(read_same(r, seed, &err), want);
        else
            assert_true(want == 0 && (status == TRUNDLE_CORRUPT || status == TRUNDLE_TRUNCATED));
        trip_free(r);
        if (n % 61 || status != TRUNDLE_OK)
            continue;
        (void)unlink(out);
        support_ok(trip_recover(copy, out, &done, &err), &err);
        assert_int_equal(done.messages, want);
        r = NULL;
        support_ok(trip_open(out, &r, &err), &err);
        assert_int_equal(read_same(r, seed, &err), want);
        trip_free(r);
        recovered++;
    }
    print_message("# %zu bytes, %zu chunks: cut at every byte, %zu of the cuts recovered\n", b.n, chunks, recovered);
    bytes_done(&b);
    sample_channels = 3;
}

static void flipped_bits(void **state)
{
    const char *path = file_of("flip.mcap"), *copy = file_of("flipped.mcap");
    uint64_t seed = support_seed();
    struct rng rng = rng_seed(seed, "flips");
    struct trip_head head = sample_head();
    struct bytes b = { 0 };
    struct trundle_error err;
    size_t refused = 0, same = 0;
    int fd;

    (void)state;
    sample_trip(path, seed, N, &small, true);
    support_ok(file_read(path, 1 << 20, &b, &err), &err);
    put_file(copy, b.data, b.n);
    fd = open(copy, O_RDWR | O_CLOEXEC);
    for (size_t i = 0; i < b.n; i++) {
        struct trip_reader *r = NULL;
        struct bytes a = { 0 };
        uint8_t bit = (uint8_t)(1u << rng_below(&rng, 8));
        bool wrong;

        bit ^= b.data[i];
        assert_int_equal(pwrite(fd, &bit, 1, (off_t)i), 1);
        err = (struct trundle_error){ .status = TRUNDLE_OK };
        wrong = trip_open(copy, &r, &err) != TRUNDLE_OK;
        if (!wrong) {
            assert_memory_equal(trip_head(r), &head, sizeof head);
            wrong = trip_attachment(r, TRIP_CART_JSON, &a, &err) != TRUNDLE_OK;
            if (!wrong)
                assert_string_equal((const char *)a.data, "{\"cart\":1}");
        }
        if (!wrong) {
            long n = read_same(r, seed, &err);

            assert_true(n == N || n == -1);
            wrong = n < 0;
        }
        if (wrong && (err.status == TRUNDLE_OK || !err.what[0] || !strstr(err.where, "flipped.mcap")))
            fail_msg("byte %zu: no clear error: %s: %s", i, err.where, err.what);
        refused += wrong;
        same += !wrong;
        trip_free(r);
        r = NULL;
        bytes_done(&a);
        if (trip_open_damaged(copy, &r, &err) == TRUNDLE_OK)
            (void)read_same(r, seed, &err);                 /* a prefix, every message right */
        trip_free(r);
        assert_int_equal(pwrite(fd, b.data + i, 1, (off_t)i), 1);
    }
    (void)close(fd);
    print_message("# %zu bytes with a flipped bit: %zu refused, %zu read the same\n", b.n, refused, same);
    assert_true(refused > b.n / 2);
    bytes_done(&b);
}

static void full_disk(void **state)
{
    uint64_t seed = support_seed();

    (void)state;
    for (long limit = 0; limit < 16000; limit += 397) {
        const char *path = file_of("full.mcap");
        struct trip_head head = sample_head();
        struct trip_writer *w = NULL;
        struct trip_reader *r = NULL;
        struct trundle_error err, again;
        uint8_t scratch[SAMPLE_SCRATCH];
        long synced = 0;
        enum trundle_status status;

        bytes_left = limit;
        status = trip_create(path, &head, &small, &w, &err);
        for (size_t i = 0; i < N && status == TRUNDLE_OK; i++) {
            struct trundle_message m = sample_trip_message(seed, i, scratch);

            status = trip_write(w, &m, &err);
            if (status == TRUNDLE_OK && i % 5 == 4) {
                status = trip_sync(w, &err);
                if (status == TRUNDLE_OK)
                    synced = (long)i + 1;
            }
        }
        if (status != TRUNDLE_OK) {
            assert_int_equal(status, TRUNDLE_IO);
            if (w) {                                        /* space comes back: the writer still refuses */
                struct trundle_message m = sample_trip_message(seed, N, scratch);

                bytes_left = -1;
                assert_int_equal(trip_write(w, &m, &again), TRUNDLE_IO);
                assert_string_equal(again.what, err.what);
                assert_int_equal(trip_sync(w, &again), TRUNDLE_IO);
                assert_int_equal(trip_finish(w, &again), TRUNDLE_IO);
            }
        } else {
            status = trip_finish(w, &err);
        }
        bytes_left = -1;
        if (synced) {
            support_ok(trip_open_damaged(path, &r, &err), &err);
            assert_true(read_same(r, seed, &err) >= synced);
            trip_free(r);
        }
    }
}

static void synced_is_there(void **state)
{
    const char *path = file_of("synced.mcap");
    uint64_t seed = support_seed();
    struct trip_head head = sample_head();
    struct trip_writer *w = NULL;
    struct trundle_error err;
    uint8_t scratch[SAMPLE_SCRATCH];

    (void)state;
    support_ok(trip_create(path, &head, NULL, &w, &err), &err);
    for (size_t i = 0; i < N; i++) {
        struct trundle_message m = sample_trip_message(seed, i, scratch);
        struct trip_reader *r = NULL;

        support_ok(trip_write(w, &m, &err), &err);
        if (i % 3)
            continue;
        support_ok(trip_sync(w, &err), &err);
        support_ok(trip_open_damaged(path, &r, &err), &err);
        assert_int_equal(read_same(r, seed, &err), (long)i + 1);
        trip_free(r);
    }
    sync_fails = true;                                      /* what a disk says that is dying: no claim after that */
    assert_int_equal(trip_sync(w, &err), TRUNDLE_IO);
    sync_fails = false;
    assert_int_equal(trip_sync(w, &err), TRUNDLE_IO);
    assert_int_equal(trip_finish(w, &err), TRUNDLE_IO);
}

static void short_reads_and_writes(void **state)
{
    const char *path = file_of("short.mcap"), *again = file_of("long.mcap");
    uint64_t seed = support_seed();
    struct bytes a = { 0 }, b = { 0 };
    struct trip_reader *r = NULL;
    struct trundle_error err;

    (void)state;
    sample_trip(again, seed, N, &small, true);
    io_rng = rng_seed(seed, "io");
    short_io = true;
    sample_trip(path, seed, N, &small, true);
    support_ok(trip_open(path, &r, &err), &err);
    assert_int_equal(read_same(r, seed, &err), N);
    trip_free(r);
    support_ok(trip_open_damaged(path, &r, &err), &err);
    assert_int_equal(read_same(r, seed, &err), N);
    trip_free(r);
    short_io = false;
    support_ok(file_read(path, 1 << 20, &a, &err), &err);
    support_ok(file_read(again, 1 << 20, &b, &err), &err);
    assert_true(a.n == b.n && !memcmp(a.data, b.data, a.n));
    bytes_done(&a);
    bytes_done(&b);
}

/* Everything once; the status of the first thing that failed. */
static enum trundle_status everything(const char *path, const char *out, uint64_t seed, struct trundle_error *err)
{
    struct trip_head head = sample_head();
    struct trip_writer *w = NULL;
    struct trip_reader *r = NULL;
    struct trip_recovery done;
    struct trundle_message m;
    struct bytes a = { 0 };
    uint8_t scratch[SAMPLE_SCRATCH];
    enum trundle_status status;

    (void)unlink(path);
    (void)unlink(out);
    TRY(trip_create(path, &head, &small, &w, err));
    status = trip_attach(w, TRIP_CART_JSON, "application/json", "{\"cart\":1}", 10, err);
    for (size_t i = 0; i < N && status == TRUNDLE_OK; i++) {
        m = sample_trip_message(seed, i, scratch);
        status = trip_write(w, &m, err);
    }
    if (status != TRUNDLE_OK) {
        trip_abandon(w);
        return status;
    }
    TRY(trip_finish(w, err));
    TRY(trip_open(path, &r, err));
    while ((status = trip_next(r, &m, err)) == TRUNDLE_OK) {}
    if (status == TRUNDLE_END)
        status = trip_attachment(r, TRIP_CART_JSON, &a, err);
    bytes_done(&a);
    trip_free(r);
    TRY(status);
    return trip_recover(path, out, &done, err);
}

static void refused_allocations(void **state)
{
    const char *path = file_of("memory.mcap"), *out = file_of("memory-out.mcap");
    struct trundle_error err = { .status = TRUNDLE_OK };
    enum trundle_status status = TRUNDLE_NO_MEMORY;
    long n;

    (void)state;
    for (n = 0; status != TRUNDLE_OK && n < 5000; n++) {
        allocations = 0;
        fail_allocation = n;
        status = everything(path, out, 1, &err);
        fail_allocation = -1;
        if (status != TRUNDLE_OK && status != TRUNDLE_NO_MEMORY)
            fail_msg("allocation %ld: status %d: %s: %s", n, (int)status, err.where, err.what);
    }
    assert_int_equal(status, TRUNDLE_OK);
    print_message("# %ld allocations, each refused once\n", n - 1);
}

static void no_heap_per_message(void **state)
{
    const char *path = file_of("heap.mcap");
    struct trip_writer_config config = TRIP_WRITER_CONFIG_DEFAULT;
    struct trip_head head = sample_head();
    struct trip_writer *w = NULL;
    struct trip_reader *r = NULL;
    struct trundle_message m;
    struct trundle_error err;
    uint8_t scratch[SAMPLE_SCRATCH];
    long before = 0, writing, reading;
    unsigned was = sample_channels;

    (void)state;
    sample_channels = TRUNDLE_CHANNEL_COUNT - 1;
    support_ok(trip_create(path, &head, &config, &w, &err), &err);
    for (size_t i = 0; i < 6000; i++) {
        m = sample_trip_message(5, i, scratch);
        if (i == 3000)
            before = allocations;
        support_ok(trip_write(w, &m, &err), &err);
    }
    writing = allocations - before;
    support_ok(trip_finish(w, &err), &err);
    support_ok(trip_open(path, &r, &err), &err);
    for (size_t i = 0; i < 6000; i++) {
        if (i == 3000)
            before = allocations;
        support_ok(trip_next(r, &m, &err), &err);
    }
    reading = allocations - before;
    trip_free(r);
    print_message("# messages 3001 to 6000: %ld heap calls writing (the table of chunks grows), %ld reading\n", writing, reading);
    assert_true(writing <= 3);
    assert_true(reading <= 1);
    sample_channels = was;
}

int main(void)
{
    sample_channels = 3;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cut_at_every_byte), cmocka_unit_test(flipped_bits), cmocka_unit_test(full_disk), cmocka_unit_test(synced_is_there),
        cmocka_unit_test(short_reads_and_writes), cmocka_unit_test(refused_allocations), cmocka_unit_test(no_heap_per_message) };

    return support_run(tests);
}
