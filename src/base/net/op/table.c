/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* net/op/table - every kernel there is, and which one is taken when nobody chose. */
#include "base/net/op/table.h"

#include <pthread.h>
#include <string.h>

enum { KERNELS_MAX = 512 };

static const struct net_kernel *const lists[] = {
#define X(list) list,
    NET_KERNEL_LISTS(X)
#undef X
};

static const struct net_kernel *all[KERNELS_MAX];
static int all_n;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void gather(void)
{
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        for (const struct net_kernel *k = lists[i]; k->name && all_n < KERNELS_MAX; k++)
            all[all_n++] = k;
}

const struct net_kernel *const *net_kernels(int *out_n)
{
    (void)pthread_once(&once, gather);
    *out_n = all_n;
    return all;
}

const struct net_kernel *net_kernel_named(const char *name)
{
    int n;
    const struct net_kernel *const *k = net_kernels(&n);

    for (int i = 0; i < n; i++)
        if (strcmp(k[i]->name, name) == 0)
            return k[i];
    return NULL;
}

const struct net_kernel *net_kernel_ref(enum net_op op)
{
    int n;
    const struct net_kernel *const *k = net_kernels(&n);

    for (int i = n; i-- > 0;)
        if (k[i]->op == op)
            return k[i];
    return NULL;
}

const struct net_kernel *net_kernel_default(const struct net_site *s, unsigned isa)
{
    int n;
    const struct net_kernel *const *k = net_kernels(&n);

    for (int i = 0; i < n; i++)
        if (k[i]->op == s->node->op && k[i]->exact && (k[i]->isa & ~isa) == 0 && k[i]->fits(s))
            return k[i];
    return net_kernel_ref(s->node->op);
}
