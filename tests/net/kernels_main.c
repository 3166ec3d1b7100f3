/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * Every kernel of the table against its reference, on random sites; and proof that a wrong one would be noticed. TAP by itself, so that it runs
 * under qemu too.
 *
 *     net_kernels [SITES [PART OF A KERNEL'S NAME]]       TRUNDLE_TEST_SEED replays
 */
#include "tests/net/kernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int plan_n, failed;

static void told(bool good, const char *what)
{
    printf("%sok %d - %s\n", good ? "" : "not ", ++plan_n, what);
    failed += !good;
}

/* Wrong kernels: the reference with one thing gone bad. */
static const struct net_kernel *victim;

static void last_bit(const struct net_call *c)
{
    victim->run(c);
    ((unsigned char *)c->out)[net_tensor_bytes(c->site->out) - net_type_bytes(c->site->out->type)] ^= 1;
}

static void one_too_far(const struct net_call *c)
{
    victim->run(c);
    ((unsigned char *)c->out)[net_tensor_bytes(c->site->out)] = 0;
}

static void only_the_first_part(const struct net_call *c)
{
    if (c->part == 0)
        victim->run(c);
}

static void wrong_ones_are_noticed(uint64_t seed)
{
    static const struct { const char *what; void (*run)(const struct net_call *c); } sick[] = {
        { "a flipped last bit", last_bit }, { "a write behind the output", one_too_far }, { "parts that are not done", only_the_first_part },
    };

    for (int op = 0; op < NET_OP_COUNT; op++)
        for (size_t i = 0; i < COUNT_OF(sick); i++) {
            char name[96];
            victim = net_kernel_ref((enum net_op)op);
            struct net_kernel k = *victim;
            k.run = sick[i].run;
            (void)snprintf(name, sizeof name, "%s: %s is noticed", net_op_name((enum net_op)op), sick[i].what);
            told(kernels_check(&k, seed, 6, 0).wrong > 0, name);
        }
}

int main(int argc, char **argv)
{
    const char *text = getenv("TRUNDLE_TEST_SEED"), *only = argc > 2 ? argv[2] : "";
    uint64_t seed = text ? strtoull(text, NULL, 10) : 20261120;
    int n, sites = argc > 1 ? atoi(argv[1]) : 30;
    const struct net_kernel *const *k = net_kernels(&n);
    char isa[64];

    printf("# seed %llu (TRUNDLE_TEST_SEED replays it), %d sites for each kernel, this machine: %s\n", (unsigned long long)seed, sites, net_isa_text(net_isa_here(), isa));
    for (int i = 0; i < n; i++) {
        if (k[i] == net_kernel_ref(k[i]->op) || !strstr(k[i]->name, only))
            continue;
        if (k[i]->isa & ~net_isa_here()) {
            printf("ok %d - %s # SKIP needs %s\n", ++plan_n, k[i]->name, net_isa_text(k[i]->isa, isa));
            continue;
        }
        struct kernels_result r = kernels_check(k[i], seed, sites, 1e-4);
        if (r.wrong || !r.sites)
            printf("# %d of %d sites are wrong; %s\n", r.wrong, r.sites, r.first);
        else if (!k[i]->exact)
            printf("# %s: off by %.2g of the rms at most\n", k[i]->name, r.worst);
        told(!r.wrong && r.sites, k[i]->name);
    }
    if (!*only)
        wrong_ones_are_noticed(seed);
    printf("1..%d\n", plan_n);
    return failed != 0;
}
