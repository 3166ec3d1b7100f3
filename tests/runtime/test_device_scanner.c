/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Scanners: key events and lines to codes; half, long and binary codes; ports that go and come. */
#include "tests/runtime/device_bench.h"

#include "base/std/rng.h"
#include "base/std/time.h"
#include "cart/runtime/scan_bytes.h"

#include <fcntl.h>
#include <linux/input.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A keyboard that types with the US layout, as events in memory. */
struct keyboard {
    size_t n;
    struct input_event event[4096];
};

static void key(struct keyboard *k, uint16_t code, int32_t value)
{
    assert_true(k->n + 2 < COUNT_OF(k->event));
    k->event[k->n++] = (struct input_event){ .type = EV_MSC, .code = MSC_SCAN, .value = 0x70000 + code };
    k->event[k->n++] = (struct input_event){ .type = EV_KEY, .code = code, .value = value };
    k->event[k->n++] = (struct input_event){ .type = EV_SYN, .code = SYN_REPORT };
}

static void stroke(struct keyboard *k, uint16_t code)
{
    key(k, code, 1);
    key(k, code, 0);
}

/* Written from the layout, not from the table under test. */
static void type_text(struct keyboard *k, const char *text)
{
    static const char rows[4][2][14] = { { "`1234567890-=", "~!@#$%^&*()_+" }, { "qwertyuiop[]", "QWERTYUIOP{}" }, { "asdfghjkl;'", "ASDFGHJKL:\"" },
                                         { "zxcvbnm,./", "ZXCVBNM<>?" } };
    static const uint16_t first[4] = { KEY_1 - 1, KEY_Q, KEY_A, KEY_Z };

    for (; *text; text++) {
        uint16_t code = *text == ' ' ? KEY_SPACE : *text == '\n' ? KEY_ENTER : *text == '\\' || *text == '|' ? KEY_BACKSLASH : 0;
        bool shift = *text == '|';

        for (int row = 0; row < 4 && !code; row++)
            for (int s = 0; s < 2; s++) {
                const char *at = strchr(rows[row][s], *text);

                if (at) {
                    code = (uint16_t)(first[row] + (at - rows[row][s]));
                    shift = s;
                }
            }
        if (*text == '`' || *text == '~')
            code = KEY_GRAVE;
        assert_int_not_equal(code, 0);
        if (shift)
            key(k, KEY_LEFTSHIFT, 1);
        stroke(k, code);
        if (shift)
            key(k, KEY_LEFTSHIFT, 0);
    }
}

/* The last result that is not AGAIN. */
static enum trundle_status feed(struct scan_keys *keys, const struct keyboard *k, struct trundle_code *out)
{
    const uint8_t *bytes = (const uint8_t *)k->event;
    enum trundle_status last = TRUNDLE_AGAIN;

    for (size_t i = 0; i < k->n * sizeof k->event[0]; i++) {
        enum trundle_status status = scan_keys_byte(keys, bytes[i], out, NULL);

        last = status == TRUNDLE_AGAIN ? last : status;
    }
    return last;
}

static void every_character_is_typed(void **state)
{
    static struct keyboard k;
    struct scan_keys keys = { .n = 0 };
    struct trundle_code code;
    char all[97];
    size_t n = 0;

    (void)state;
    for (char c = ' '; c <= '~'; c++)
        all[n++] = c;
    all[n] = 0;
    k.n = 0;
    type_text(&k, all);
    assert_int_equal(feed(&keys, &k, &code), TRUNDLE_AGAIN);
    k.n = 0;
    stroke(&k, KEY_ENTER);
    assert_int_equal(feed(&keys, &k, &code), TRUNDLE_OK);
    assert_int_equal(code.text_bytes, n);
    assert_string_equal(code.text, all);
    assert_int_equal(code.source, TRUNDLE_CODE_SCANNER);
}

/* GS as Ctrl+], as F8 and as Alt 0 2 9: the ways scanners are set to send it. */
static void separators_are_kept(void **state)
{
    static struct keyboard k;
    struct scan_keys keys = { .n = 0 };
    struct trundle_code code;

    (void)state;
    k.n = 0;
    type_text(&k, "]C1");
    type_text(&k, "0104011200296908310");
    key(&k, KEY_RIGHTCTRL, 1);
    stroke(&k, KEY_RIGHTBRACE);
    key(&k, KEY_RIGHTCTRL, 0);
    type_text(&k, "10AB");
    stroke(&k, KEY_F8);
    type_text(&k, "21x");
    key(&k, KEY_LEFTALT, 1);
    stroke(&k, KEY_KP0);
    stroke(&k, KEY_KP2);
    stroke(&k, KEY_KP9);
    key(&k, KEY_LEFTALT, 0);
    type_text(&k, "Z\n");
    assert_int_equal(feed(&keys, &k, &code), TRUNDLE_OK);
    assert_string_equal(code.text, "]C10104011200296908310\x1d" "10AB\x1d" "21x\x1dZ");
    assert_int_equal(code.symbology, TRUNDLE_SYM_CODE128);
}

static void what_is_no_code_is_refused(void **state)
{
    static struct keyboard k;
    struct scan_keys keys = { .n = 0 };
    struct trundle_code code;

    (void)state;
    k.n = 0;
    type_text(&k, "12");
    stroke(&k, KEY_VOLUMEUP);
    type_text(&k, "34\n");
    assert_int_equal(feed(&keys, &k, &code), TRUNDLE_BAD_INPUT);
    k.n = 0;
    for (int i = 0; i < 300; i++)
        stroke(&k, KEY_7);
    stroke(&k, KEY_ENTER);
    assert_int_equal(feed(&keys, &k, &code), TRUNDLE_TOO_LARGE);
    k.n = 0;
    type_text(&k, "12");
    k.event[k.n++] = (struct input_event){ .type = EV_SYN, .code = SYN_DROPPED };
    type_text(&k, "34\n");
    assert_int_equal(feed(&keys, &k, &code), TRUNDLE_BAD_INPUT);
    k.n = 0;
    type_text(&k, "12");
    assert_int_equal(feed(&keys, &k, &code), TRUNDLE_AGAIN);
    assert_true(scan_keys_drop(&keys));
    assert_false(scan_keys_drop(&keys));
    k.n = 0;
    type_text(&k, "\n\n96385074");
    key(&k, KEY_4, 2);             /* held: the kernel repeats */
    type_text(&k, "\n");
    assert_int_equal(feed(&keys, &k, &code), TRUNDLE_OK);
    assert_string_equal(code.text, "96385074");
}

static void lines_are_codes(void **state)
{
    static const struct { const char *text; enum trundle_symbology symbology; } good[] = {
        { "4011200296908", TRUNDLE_SYM_UNKNOWN }, { "]E04011200296908", TRUNDLE_SYM_EAN13 }, { "]E496385074", TRUNDLE_SYM_EAN8 },
        { "]C10110012345678902", TRUNDLE_SYM_CODE128 }, { "]e00110012345678902", TRUNDLE_SYM_DATABAR }, { "]e001100123456789023103000123", TRUNDLE_SYM_DATABAR_EXPANDED },
        { "]Q1https://id.example/01/04011200296908", TRUNDLE_SYM_QR }, { "]d2010401120029690810A\x1d" "21B", TRUNDLE_SYM_OTHER }, { "]", TRUNDLE_SYM_UNKNOWN },
    };
    static const char *const wrong[] = { ("401\x01" "120"), "40112\xc3\xa4", "\x7f", "40\t11", "" };
    struct trundle_code code, before;
    char longest[300];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        assert_int_equal(scan_line_code(good[i].text, strlen(good[i].text), &code, NULL), TRUNDLE_OK);
        assert_string_equal(code.text, good[i].text);
        assert_int_equal(code.symbology, good[i].symbology);
        assert_int_equal(code.text_bytes, strlen(good[i].text));
    }
    memcpy(&before, &code, sizeof code);
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_int_equal(scan_line_code(wrong[i], strlen(wrong[i]), &code, NULL), TRUNDLE_BAD_INPUT);
    memset(longest, '7', sizeof longest);
    assert_int_equal(scan_line_code(longest, 256, &code, NULL), TRUNDLE_TOO_LARGE);
    assert_memory_equal(&code, &before, sizeof code);
    assert_int_equal(scan_line_code(longest, 255, &code, NULL), TRUNDLE_OK);
}

static struct bench *scanner(const char *kind, const char *path)
{
    struct bench *b = bench_new();

    (void)snprintf(b->cart.scanner.source, sizeof b->cart.scanner.source, "%s:%s", kind, path);
    return b;
}

static void a_serial_scanner_through_garbage(void **state)
{
    struct rng r = rng_seed(support_seed(), "scanner junk");
    char path[400], junk[3000];
    struct bench *b;
    int fd;

    (void)state;
    (void)snprintf(path, sizeof path, "%s/scanner0", support_scratch());
    fd = bench_terminal(path);
    b = scanner("serial", path);
    bench_open(b);
    assert_true(bench_wait(&b->health_n[DEVICE_OK], 1, 1));
    bench_type(fd, "]E04011200296908\r\n", 18);
    assert_true(bench_wait(&b->codes_n, 1, 1));
    assert_string_equal(b->code[0].code.text, "]E04011200296908");
    assert_true(b->code[0].sensed_ns >= 0 && b->code[0].sensed_ns <= clock_mono_ns() - b->config.start_mono_ns);

    for (size_t i = 0; i < sizeof junk; i++)
        junk[i] = (char)(rng_u64(&r) | 0x80);
    bench_type(fd, junk, sizeof junk);
    bench_type(fd, "\n96385074\r", 10);
    assert_true(bench_wait(&b->codes_n, 2, 1));
    assert_string_equal(b->code[1].code.text, "96385074");
    assert_int_equal(b->health_n[DEVICE_GARBAGE], 1);

    /* Half a code, silence, the other half: neither is a code. */
    bench_type(fd, "40112", 5);
    for (int i = 0; i < 400 && bench_counters(b, DEVICE_SCANNER).garbage < 2; i++)
        clock_sleep_until_ns(clock_mono_ns() + 5 * NS_PER_MS);
    assert_int_equal(bench_counters(b, DEVICE_SCANNER).garbage, 2);
    assert_int_equal(b->codes_n, 2);

    (void)close(fd);
    assert_true(bench_wait(&b->health_n[DEVICE_GONE], 1, 1));
    fd = bench_terminal(path);
    assert_true(bench_wait(&b->health_n[DEVICE_OK], 2, 3));
    bench_type(fd, "123\n", 4);
    assert_true(bench_wait(&b->codes_n, 3, 1));
    bench_close(b);
    (void)close(fd);
}

/* A FIFO of struct input_event stands in for /dev/input/event3, cut at any byte. */
static void a_keyboard_wedge(void **state)
{
    static struct keyboard k;
    char path[400];
    struct bench *b;
    int fd;

    (void)state;
    (void)snprintf(path, sizeof path, "%s/event0", support_scratch());
    assert_int_equal(mkfifo(path, 0600), 0);
    fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    b = scanner("evdev", path);
    bench_open(b);
    k.n = 0;
    type_text(&k, "4011200296908\n]E0ab\n");
    for (size_t at = 0, all = k.n * sizeof k.event[0]; at < all; at += 101)
        bench_type(fd, (const uint8_t *)k.event + at, all - at < 101 ? all - at : 101);
    assert_true(bench_wait(&b->codes_n, 2, 1));
    bench_close(b);
    assert_string_equal(b->code[0].code.text, "4011200296908");
    assert_string_equal(b->code[1].code.text, "]E0ab");
    (void)close(fd);
}

static void a_scanner_that_is_none(void **state)
{
    struct trundle_error err;
    struct bench *b;

    (void)state;
    assert_int_equal(bench_refused(scanner("csv", "/tmp/x"), &err), TRUNDLE_BAD_INPUT);
    assert_int_equal(bench_refused(scanner("keyboard", ""), &err), TRUNDLE_BAD_INPUT);
    b = scanner("evdev", "/dev/null");
    bench_open(b);
    assert_true(bench_wait(&b->health_n[DEVICE_GONE], 1, 1));
    assert_true(bench_said(b, DEVICE_GONE, "no input device"));
    bench_close(b);
    b = scanner("serial", "/dev/null");
    bench_open(b);
    assert_true(bench_wait(&b->health_n[DEVICE_GONE], 1, 1));
    assert_true(bench_said(b, DEVICE_GONE, "no serial port"));
    bench_close(b);
}

/* Nothing plugged in at all is no error; nor is closing nothing. */
static void a_cart_without_devices(void **state)
{
    struct bench *b = bench_new();
    struct device_counters c;
    struct trundle_error err;

    (void)state;
    bench_open(b);
    assert_int_equal(devices_running(b->devices), 0);
    assert_int_equal(devices_counters(b->devices, DEVICE_SCALE, 0, &c), TRUNDLE_NOT_FOUND);
    bench_close(b);
    devices_close(NULL);
    b->config.silent_ns = 0;
    assert_int_equal(bench_refused(b, &err), TRUNDLE_BAD_ARG);
    assert_string_equal(device_health_text(DEVICE_GARBAGE), "garbage");
    assert_string_equal(device_kind_text((enum device_kind)99), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_character_is_typed),
        cmocka_unit_test(separators_are_kept),
        cmocka_unit_test(what_is_no_code_is_refused),
        cmocka_unit_test(lines_are_codes),
        cmocka_unit_test(a_serial_scanner_through_garbage),
        cmocka_unit_test(a_keyboard_wedge),
        cmocka_unit_test(a_scanner_that_is_none),
        cmocka_unit_test(a_cart_without_devices),
    };

    return support_run(tests);
}
