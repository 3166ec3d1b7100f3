/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* screen: touches are checked, states reach everyone, pictures and products come from the callbacks. */
#include "cart/screen/page.h"
#include "cart/screen/screen.h"
#include "tests/http/client.h"
#include "tests/support/support.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

/* Written by the server's thread. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct cart { struct trundle_touch touch; int touches; bool full; } cart;

static struct cart cart_now(void)
{
    struct cart now;

    (void)pthread_mutex_lock(&lock);
    now = cart;
    (void)pthread_mutex_unlock(&lock);
    return now;
}

static void cart_is_full(void)
{
    (void)pthread_mutex_lock(&lock);
    cart.full = true;
    (void)pthread_mutex_unlock(&lock);
}

static enum trundle_status on_touch(void *user, const struct trundle_touch *touch, struct trundle_error *err)
{
    enum trundle_status status = TRUNDLE_OK;

    assert_ptr_equal(user, &cart);
    (void)pthread_mutex_lock(&lock);
    if (cart.full) {
        status = error_set(err, TRUNDLE_FULL, "touch", "again in a moment", "too much at once");
    } else {
        cart.touch = *touch;
        cart.touches++;
    }
    (void)pthread_mutex_unlock(&lock);
    return status;
}

static enum trundle_status on_picture(void *user, struct trundle_product product, struct bytes *out, const char **out_type, struct trundle_error *err)
{
    (void)user;
    if (trundle_product_number(product) == 4012)
        return TRUNDLE_OK;
    if (trundle_product_number(product) != 4011)
        return error_set(err, TRUNDLE_NOT_FOUND, "picture", NULL, "no picture");
    *out_type = "image/png";
    return bytes_append(out, "PNG", 3);
}

static enum trundle_status on_moment(void *user, uint32_t line, struct bytes *out, const char **out_type, struct trundle_error *err)
{
    (void)user;
    (void)out_type;
    (void)err;
    return bytes_print(out, "JPEG%u", line);
}

static enum trundle_status on_find(void *user, const char *query, struct bytes *out, struct trundle_error *err)
{
    (void)user;
    (void)err;
    return bytes_print(out, "{\"items\":[],\"n\":%zu}", strlen(query));
}

static struct screen *start(int *out_port)
{
    struct screen_config config = { .address = "127.0.0.1:0", .user = &cart, .touch = on_touch, .picture = on_picture, .moment = on_moment, .find = on_find };
    struct screen *screen = NULL;
    struct trundle_error err = { 0 };

    memset(&cart, 0, sizeof cart);
    support_ok(screen_start(&config, &screen, &err), &err);
    *out_port = client_port(screen_url(screen));
    return screen;
}

/* Each kind with what it needs becomes its touch. */
static void takes_every_kind(void **state)
{
    static const struct { const char *json; enum trundle_touch_kind kind; uint32_t ref; enum trundle_touch_option option; uint64_t number; int32_t count; } good[] = {
        { "{\"kind\":\"answer\",\"ref\":3,\"option\":\"product\",\"product\":\"plu:4011\"}", TRUNDLE_TOUCH_ANSWER, 3, TRUNDLE_OPTION_PRODUCT, 4011, 0 },
        { "{\"kind\":\"answer\",\"ref\":3,\"option\":\"nothing\"}", TRUNDLE_TOUCH_ANSWER, 3, TRUNDLE_OPTION_NOTHING, 0, 0 },
        { "{\"kind\":\"answer\",\"ref\":3,\"option\":\"else\"}", TRUNDLE_TOUCH_ANSWER, 3, TRUNDLE_OPTION_ELSE, 0, 0 },
        { "{\"kind\":\"answer\",\"ref\":3,\"option\":\"else\",\"product\":\"gtin:04011200296908\"}", TRUNDLE_TOUCH_ANSWER, 3, TRUNDLE_OPTION_ELSE, 4011200296908, 0 },
        { "{\"kind\":\"wrong\",\"ref\":7}", TRUNDLE_TOUCH_WRONG, 7, 0, 0, 0 },
        { "{\"kind\":\"remove\",\"ref\":4294967295}", TRUNDLE_TOUCH_REMOVE, UINT32_MAX, 0, 0, 0 },
        { "{\"kind\":\"count\",\"ref\":7,\"count\":999}", TRUNDLE_TOUCH_COUNT_SET, 7, 0, 0, 999 },
        { "{\"kind\":\"plu\",\"product\":\"plu:94011\"}", TRUNDLE_TOUCH_PLU, 0, 0, 94011, 0 },
        { "{\"kind\":\"plu_cancel\"}", TRUNDLE_TOUCH_PLU_CANCEL, 0, 0, 0, 0 },
        { "{\"kind\":\"pay\"}", TRUNDLE_TOUCH_PAY, 0, 0, 0, 0 },
        { "{\"kind\":\"resume\"}", TRUNDLE_TOUCH_RESUME, 0, 0, 0, 0 },
        { "{\"kind\":\"paid\"}", TRUNDLE_TOUCH_PAID, 0, 0, 0, 0 },
        { "{\"kind\":\"help\"}", TRUNDLE_TOUCH_HELP, 0, 0, 0, 0 },
        { "{\"kind\":\"staff\",\"count\":1}", TRUNDLE_TOUCH_STAFF, 0, 0, 0, 1 },
        { "{\"kind\":\"member\",\"count\":0}", TRUNDLE_TOUCH_MEMBER, 0, 0, 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        struct trundle_touch touch = { 0 };
        struct trundle_error err = { 0 };

        support_ok(screen_touch_parse(good[i].json, strlen(good[i].json), &touch, &err), &err);
        assert_int_equal(touch.kind, good[i].kind);
        assert_int_equal(touch.ref, good[i].ref);
        assert_int_equal(touch.option, good[i].option);
        assert_int_equal(trundle_product_number(touch.product), good[i].number);
        assert_int_equal(touch.count, good[i].count);
    }
}

static void refuses_every_mistake(void **state)
{
    static const char *const bad[] = {
        "", "null", "[]", "{}", "{\"kind\":", "{\"kind\":1}", "{\"kind\":\"buy\"}", "{\"kind\":\"wrong\"}", "{\"kind\":\"wrong\",\"ref\":0}",
        "{\"kind\":\"wrong\",\"ref\":4294967296}", "{\"kind\":\"wrong\",\"ref\":1.5}", "{\"kind\":\"wrong\",\"ref\":\"1\"}", "{\"kind\":\"count\",\"ref\":1,\"count\":0}",
        "{\"kind\":\"count\",\"ref\":1,\"count\":1000}", "{\"kind\":\"member\",\"count\":2}", "{\"kind\":\"pay\",\"ref\":1}", "{\"kind\":\"pay\"} x",
        "{\"kind\":\"pay\",\"kind\":\"pay\"}", "{\"kind\":\"plu\",\"product\":\"plu:1\"}", "{\"kind\":\"plu\",\"product\":\"?\"}",
        "{\"kind\":\"plu\",\"product\":\"gtin:04011200296900\"}", "{\"kind\":\"answer\",\"ref\":1}", "{\"kind\":\"answer\",\"ref\":1,\"option\":\"all\"}",
        "{\"kind\":\"answer\",\"ref\":1,\"option\":\"product\"}", "{\"kind\":\"answer\",\"ref\":1,\"option\":\"nothing\",\"product\":\"plu:4011\"}",
        "{\"kind\":\"averyveryverylongkind\"}", "{\"kind\":\"pa\\u0000y\"}",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct trundle_touch touch = { .ref = 77 };
        struct trundle_error err = { 0 };
        enum trundle_status status = screen_touch_parse(bad[i], strlen(bad[i]), &touch, &err);

        if ((status != TRUNDLE_BAD_INPUT && status != TRUNDLE_TOO_LARGE) || !err.what[0] || touch.ref != 77)
            fail_msg("%s gave %d %s", bad[i], status, err.what);
    }
}

static void touches_reach_the_cart(void **state)
{
    int port;
    struct screen *s = start(&port);
    const struct reply *r;

    (void)state;
    assert_int_equal(client_post(port, "/touch", "{\"kind\":\"wrong\",\"ref\":7}")->status, 204);
    assert_int_equal(cart_now().touches, 1);
    assert_int_equal(cart_now().touch.ref, 7);
    r = client_post(port, "/touch", "{\"kind\":\"wrong\",\"ref\":0}");
    assert_int_equal(r->status, 400);
    assert_non_null(strstr(r->body, "touch: ref"));
    cart_is_full();
    assert_int_equal(client_post(port, "/touch", "{\"kind\":\"help\"}")->status, 503);
    assert_int_equal(cart_now().touches, 1);
    screen_stop(s);
}

static void serves_page_pictures_and_products(void **state)
{
    int port;
    struct screen *s = start(&port);
    size_t bytes = 0;
    const struct reply *r;

    (void)state;
    for (size_t i = 0; i < screen_page_n; i++) {
        r = client_get(port, screen_page[i].path);
        assert_int_equal(r->status, 200);
        assert_non_null(strstr(r->text, screen_page[i].type));
        assert_int_equal(strlen(r->body), *screen_page[i].n);
        assert_null(strstr(r->body, "https://"));      /* nothing from outside */
        bytes += *screen_page[i].n;
    }
    print_message("# the page is %zu files, %zu bytes\n", screen_page_n, bytes);
    assert_true(bytes < 120000);
    r = client_get(port, "/picture/plu-4011");
    assert_string_equal(r->body, "PNG");
    assert_non_null(strstr(r->text, "image/png"));
    assert_int_equal(client_get(port, "/picture/plu-4012")->status, 404);
    assert_int_equal(client_get(port, "/picture/plu-4013")->status, 404);
    assert_int_equal(client_get(port, "/picture/../../etc/passwd")->status, 404);
    assert_int_equal(client_get(port, "/picture/%3f")->status, 404);
    assert_string_equal(client_get(port, "/moment/7")->body, "JPEG7");
    assert_int_equal(client_get(port, "/moment/0")->status, 404);
    assert_int_equal(client_get(port, "/moment/4294967296")->status, 404);
    assert_int_equal(client_get(port, "/moment/7x")->status, 404);
    assert_string_equal(client_get(port, "/catalog/plu")->body, "{\"items\":[],\"n\":0}");
    assert_string_equal(client_get(port, "/catalog/find?q=milk")->body, "{\"items\":[],\"n\":4}");
    assert_int_equal(client_get(port, "/catalog/find")->status, 400);
    assert_int_equal(client_get(port, "/catalog/find?q=12345678901234567890123456789012345678901234567890123456789012345")->status, 413);
    screen_stop(s);
}

static void says_the_state_to_everyone(void **state)
{
    int port, fd;
    struct screen *s = start(&port);
    static const char request[] = "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n";
    static struct reply r;
    static char big[SCREEN_STATE_BYTES_MAX + 1];

    (void)state;
    assert_int_equal(client_get(port, "/state")->status, 404);
    assert_int_equal(screen_publish(s, "{\"v\":1}", 7), TRUNDLE_OK);
    assert_string_equal(client_get(port, "/state")->body, "{\"v\":1}");
    fd = client_connect(port);
    client_send(fd, request, sizeof request - 1);
    assert_true(client_read(fd, &r, "id: 1\ndata: {\"v\":1}\n\n"));
    assert_int_equal(screen_clients(s), 1);
    assert_int_equal(screen_publish(s, big, sizeof big), TRUNDLE_TOO_LARGE);
    assert_int_equal(screen_publish(s, "{\"v\":1,\"seq\":2}", 15), TRUNDLE_OK);
    assert_true(client_read(fd, &r, "id: 2\ndata: {\"v\":1,\"seq\":2}\n\n"));
    screen_stop(s);
    (void)close(fd);
    screen_stop(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_every_kind),
        cmocka_unit_test(refuses_every_mistake),
        cmocka_unit_test(touches_reach_the_cart),
        cmocka_unit_test(serves_page_pictures_and_products),
        cmocka_unit_test(says_the_state_to_everyone),
    };

    return support_run(tests);
}
