/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* A store's carts on one line: all is sent once, the line is used, no cart starves, and a decision does not wait behind the clips. bench/run uplink is the same with 50. */
#include "tests/runtime/store.h"
#include "tests/support/support.h"

#include <stdio.h>

/* Six carts on 1.2 Mbit/s, as fifty on 10. A clip's part is five seconds of a cart's share, and a decision may wait for one. */
static void carts_share_the_line(void **state)
{
    char folder[3000];
    struct store_config config = { .folder = folder, .carts = 6, .link_bps = 1200000, .seconds = 12, .every_s = 1, .clips = 2, .clip_bytes = 300000, .seed = support_seed() };
    struct store_result r;
    struct trundle_error err;

    (void)state;
    (void)snprintf(folder, sizeof folder, "%s", support_scratch());
    support_ok(store_run(&config, &r, &err), &err);
    printf("# %zu decisions: median %.0f ms, p99 %.0f ms; line used %.2f; a cart's bytes %lld to %lld; %zu of %zu clips in time\n", r.decisions, r.median_ms, r.p99_ms, r.link_use,
           (long long)r.least_bytes, (long long)r.most_bytes, r.clips_in_time, r.clips);
    assert_int_equal(r.decisions_lost + r.clips_lost + r.wrong, 0);
    assert_int_equal(r.failures, 0);
    assert_in_range(r.decisions, 48, 100);
    assert_true(r.waited > r.decisions / 2);
    assert_true(r.p99_ms < 8000);
    assert_true(r.link_use > 0.8 && r.link_use < 1.02);
    assert_true(r.least_bytes * 2 > r.most_bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(carts_share_the_line) };

    return support_run(tests);
}
