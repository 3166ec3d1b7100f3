/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
#include "tests/bundle/make.h"

#include "base/std/json.h"

#include <stdio.h>
#include <string.h>

const char *make_scratch(void)
{
    static const char *folder;

    if (!folder)
        folder = support_scratch();
    return folder;
}

void make_file(const char *path, const char *text)
{
    struct trundle_error err;

    support_ok(file_write(path, text, strlen(text), &err), &err);
}

struct trust_plan make_trust_plan(const struct make *m)
{
    struct trust_plan p = { .serial = 1, .made_ns = 1, .root_threshold = 1, .signing_threshold = 1, .root_n = 1, .signing_n = 2 };

    memcpy(p.root[0], m->root[0].public_key, 32);
    memcpy(p.signing[0], m->signing[0].public_key, 32);
    memcpy(p.signing[1], m->signing[1].public_key, 32);
    return p;
}

void make_trust(const struct trust_plan *plan, const struct trust_key *root, size_t n, struct bytes *out)
{
    struct trundle_error err;

    support_ok(trust_print(plan, root, n, out, &err), &err);
}

void make_init(struct make *m)
{
    struct trust_plan plan;
    struct trundle_error err;
    char path[600];

    *m = (struct make){ .trust = NULL };
    for (int i = 0; i < 2; i++) {
        support_ok(trust_key_new(&m->root[i], &err), &err);
        support_ok(trust_key_new(&m->signing[i], &err), &err);
    }
    support_ok(trust_key_new(&m->stranger, &err), &err);
    plan = make_trust_plan(m);
    make_trust(&plan, m->root, 1, &m->trust_text);
    support_ok(trust_parse(m->trust_text.data, m->trust_text.n, "trust.json", &m->trust, &err), &err);
    (void)snprintf(m->model, sizeof m->model, "%s/model", make_scratch());
    (void)snprintf(path, sizeof path, "%s/sub", m->model);
    support_ok(folder_make(path, &err), &err);
    (void)snprintf(path, sizeof path, "%s/fuse.json", m->model);
    make_file(path, "{\"version\": 1}\n");
    (void)snprintf(path, sizeof path, "%s/card.md", m->model);
    make_file(path, "# Model card\n");
    (void)snprintf(path, sizeof path, "%s/sub/net.bin", m->model);
    make_file(path, "weights of some net");
}

void make_done(struct make *m)
{
    trust_free(m->trust);
    bytes_done(&m->trust_text);
}

const char *make_bundle_of(struct make *m, const struct make_plan *p)
{
    static const char held[] = "{\"held\":true,\"findings\":[{\"line\":1,\"statement\":\"event_f1 >= 0.9\",\"held\":true,\"enough_data\":true}]}";
    static char paths[16][600];
    char *path = paths[m->made % 16], name[64];
    const char *hardware = p->hardware ? p->hardware : "lab";
    const char *gate_text = p->gate ? p->gate : held;
    json_t *gate = NULL, *calibration = json_pack("{s:f}", "temperature", 1.25);
    struct bundle_plan plan = { .serial = p->serial ? p->serial : 1, .made_ns = 1780315200000000000, .model_dir = m->model, .hardware = &hardware, .hardware_n = 1,
                                .needs = p->needs, .calibration = calibration };
    struct trundle_error err;

    (void)snprintf(name, sizeof name, "b%lld", (long long)plan.serial);
    plan.name = p->name ? p->name : name;
    (void)snprintf(path, sizeof paths[0], "%s/%d.bundle", make_scratch(), m->made++);
    if (*gate_text)
        support_ok(json_parse(gate_text, strlen(gate_text), "gate", &gate, &err), &err);
    plan.gate = gate;
    support_ok(bundle_build(&plan, path, &err), &err);
    json_decref(gate);
    json_decref(calibration);
    if (p->sign == 1 || p->sign == 2)
        support_ok(bundle_sign(path, &m->signing[0], &err), &err);
    if (p->sign == 2 || p->sign == 3)
        support_ok(bundle_sign(path, &m->signing[1], &err), &err);
    if (p->sign == 4)
        support_ok(bundle_sign(path, &m->stranger, &err), &err);
    if (p->sign == 5)
        support_ok(bundle_sign(path, &m->root[0], &err), &err);
    return path;
}
