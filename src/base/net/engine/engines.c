/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* net/engine/engines - which engines were built in. */
#include "base/net/engine/engines.h"
#include "base/net/engine/onnxruntime.h"
#if HAVE_DNNL
#include "base/net/engine/dnnl_engine.h"
#endif

#if HAVE_XNNPACK
#include "base/net/engine/xnnpack_engine.h"
#endif

#include <string.h>

static const struct net_engine *const all[] = {
#if HAVE_DNNL
    &net_engine_dnnl, &net_engine_dnnl_any, &net_engine_dnnl_winograd, &net_engine_dnnl_blocked,
#endif
#if HAVE_XNNPACK
    &net_engine_xnnpack,
#endif
    &net_engine_onnxruntime, &net_engine_onnxruntime_cuda, &net_engine_onnxruntime_tensorrt, NULL,
};

const struct net_engine *const *net_engines(int *out_n)
{
    *out_n = (int)COUNT_OF(all) - 1;
    return all;
}

const struct net_engine *net_engine_named(const char *name)
{
    for (size_t i = 0; i + 1 < COUNT_OF(all); i++)
        if (strcmp(all[i]->name, name) == 0)
            return all[i];
    return NULL;
}
