/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Any bytes as a bundle: refused with a reason, or a structure whose names stay inside; and never verified, since no key of ours signed it. */
#include "base/bundle/bundle.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct trust *some_trust(void)
{
    static struct trust *trust;
    struct trust_plan plan = { .serial = 1, .root_threshold = 1, .signing_threshold = 1, .root_n = 1, .signing_n = 1 };
    struct trust_key root, signing;
    struct bytes text = { 0 };

    if (trust)
        return trust;
    if (trust_key_new(&root, NULL) != TRUNDLE_OK || trust_key_new(&signing, NULL) != TRUNDLE_OK)
        abort();
    memcpy(plan.root[0], root.public_key, 32);
    memcpy(plan.signing[0], signing.public_key, 32);
    if (trust_print(&plan, &root, 1, &text, NULL) != TRUNDLE_OK || trust_parse(text.data, text.n, "trust", &trust, NULL) != TRUNDLE_OK)
        abort();
    bytes_done(&text);
    return trust;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct bundle_want want = { .hardware = NULL };
    struct bundle *b = NULL;
    struct bytes text = { 0 };
    struct trundle_error err;
    enum bundle_refusal why;

    if (bundle_open_bytes(data, n, &b, &why, &err) != TRUNDLE_OK) {
        if (b || why == BUNDLE_NONE || why >= BUNDLE_REFUSAL_COUNT)
            abort();
        return 0;
    }
    for (size_t i = 0; i < bundle_about(b).files_n; i++) {
        const char *path = bundle_file(b, i).path;

        if (path[0] == '/' || strstr(path, "..") == path || strstr(path, "/..") || strlen(path) >= BUNDLE_PATH)
            abort();
    }
    if (bundle_verify(b, some_trust(), &want, &why, &err) == TRUNDLE_OK || why == BUNDLE_NONE || bundle_about(b).verified)
        abort();
    if (bundle_read(b, "model/card.md", &text, &err) != TRUNDLE_BAD_ARG)
        abort();
    bundle_close(b);
    return 0;
}
