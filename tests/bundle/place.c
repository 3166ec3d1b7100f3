/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
#include "tests/bundle/place.h"

#include <stdio.h>

struct slots_config place_config(const char *folder)
{
    return (struct slots_config){ .folder = folder, .hardware = "lab", .now_ns = 1780315200000000000 };
}

const char *place_fresh(const struct make *m, const char *name)
{
    static char folder[600];
    struct slots_config c;
    struct trundle_error err;

    (void)snprintf(folder, sizeof folder, "%s/%s", make_scratch(), name);
    support_ok(disk_tree_remove(folder, &err), &err);
    c = place_config(folder);
    support_ok(slots_trust_put(&c, m->trust_text.data, m->trust_text.n, &err), &err);
    return folder;
}

void place_install(const struct slots_config *c, const char *bundle)
{
    struct trundle_error err;
    enum bundle_refusal why;

    support_ok(slots_install(c, bundle, NULL, &why, &err), &err);
    assert_int_equal(why, BUNDLE_NONE);
}

struct slots place_good(const struct slots_config *c)
{
    struct slots s;
    struct trundle_error err;

    support_ok(slots_good(c, &s, &err), &err);
    return s;
}
