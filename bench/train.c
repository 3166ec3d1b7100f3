/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * trundle-bench-train - a training step, ours beside PyTorch's modes: the same weights, batch and threads, in turns. Prints a line of JSON for each net:
 * the first losses side by side, the time of a step, and the ratio to PyTorch's best mode with its 95 % interval.
 *
 *     trundle-bench-train [--python PYTHON] [--batch 64] [--threads 2] [--turns 12] [--commit C] [NET.json...]
 *     trundle-bench-train worker NET.json BATCH THREADS          what it starts for ours
 */
#include "bench/net.h"

#include "base/std/bytes.h"
#include "base/std/rng.h"
#include "cmd/option.h"
#include "cmd/verbs.h"
#include "lab/train/loss.h"
#include "lab/train/network.h"
#include "lab/train/train.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { CLASSES = 10, LOSSES = 5, PEERS = 3, PER_TURN = 3 };
static const double rate = 0.02;
static const char *const modes[PEERS] = { "eager", "channels_last", "compile" };

struct ours { struct train *t; int32_t *label; int batch; };

static int64_t now_ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static enum trundle_status ours_new(const char *path, int batch, int threads, struct ours *out, struct trundle_error *err)
{
    struct net_graph *g = NULL;
    struct train_config config = { .batch = batch, .threads = threads, .optimizer = { .kind = OPTIMIZER_SGD, .momentum = 0.9 } };
    struct rng r = rng_seed(1, "bench/train");
    const struct net_graph *made;
    float *x;
    enum trundle_status status;

    TRY(network_file(path, &(struct network_config){ .classes = CLASSES, .seed = 1 }, &g, err));
    status = train_new(g, &config, &out->t, err);
    net_graph_free(g);
    TRY(status);
    out->batch = batch;
    out->label = malloc((size_t)batch * sizeof *out->label);
    if (!out->label)
        return error_set(err, TRUNDLE_NO_MEMORY, "bench", NULL, "no memory");
    made = train_graph(out->t);
    x = train_input(out->t, 0);
    for (int64_t i = 0, n = net_shape_elements(&made->tensor[made->input[0]].shape); i < n; i++)
        x[i] = (float)rng_normal(&r);
    for (int i = 0; i < batch; i++)
        out->label[i] = (int32_t)rng_below(&r, CLASSES);
    return TRUNDLE_OK;
}

static void ours_done(struct ours *o)
{
    train_free(o->t);
    free(o->label);
}

static enum trundle_status ours_step(struct ours *o, double *out_loss, struct trundle_error *err)
{
    TRY(train_forward(o->t, TRAIN_LEARN, err));
    *out_loss = loss_cross_entropy(train_output(o->t, 0), NULL, o->label, o->batch, CLASSES, 0, 1.0 / o->batch, train_output_gradient(o->t, 0));
    TRY(train_backward(o->t, err));
    return train_apply(o->t, rate, NULL, err);
}

static int worker(int argc, char **argv)
{
    struct ours o = { 0 };
    struct trundle_error err;
    struct rusage use;
    int64_t start = now_ns();
    char line[64];
    double loss;

    if (argc < 3 || ours_new(argv[0], atoi(argv[1]), atoi(argv[2]), &o, &err) != TRUNDLE_OK || ours_step(&o, &loss, &err) != TRUNDLE_OK)
        return 3;
    (void)getrusage(RUSAGE_SELF, &use);
    printf("{\"peer\": \"trundle\", \"version\": \"%s\", \"load_ms\": %.3f, \"resident_kib\": %ld.0, \"resident_before_kib\": 0.0}\n", TRUNDLE_VERSION,
           (double)(now_ns() - start) / 1e6, use.ru_maxrss);
    (void)fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        int n = atoi(line);

        printf("{\"ns\": [");
        for (int i = 0; i < n; i++) {
            int64_t at = now_ns();

            if (ours_step(&o, &loss, &err) != TRUNDLE_OK)
                return 3;
            printf("%s%lld", i ? ", " : "", (long long)(now_ns() - at));
        }
        printf("]}\n");
        (void)fflush(stdout);
    }
    ours_done(&o);
    return 0;
}

/* What the peer reads: names and shapes, weights, input, labels. */
static enum trundle_status write_files(struct ours *o, const char *dir, struct trundle_error *err)
{
    struct bytes b = { 0 };
    char path[640];
    int n;
    struct train_parameter *p = train_parameters(o->t, &n);
    const struct net_graph *g = train_graph(o->t);
    const struct net_shape *in = &g->tensor[g->input[0]].shape;
    size_t weights_n;
    const float *weights = train_weights(o->t, &weights_n);
    enum trundle_status status;

    TRY_GOTO(status, bytes_print(&b, "{\"rate\": %g, \"input\": [%d, %d, %d, %d], \"weights\": [", rate, in->d[0], in->d[1], in->d[2], in->d[3]), out);
    for (int i = 0; i < n; i++) {
        TRY_GOTO(status, bytes_print(&b, "%s{\"name\": \"%s\", \"shape\": [", i ? ", " : "", p[i].name), out);
        for (int k = 0; k < p[i].shape.rank; k++)
            TRY_GOTO(status, bytes_print(&b, "%s%d", k ? ", " : "", p[i].shape.d[k]), out);
        TRY_GOTO(status, bytes_print(&b, "]}"), out);
    }
    TRY_GOTO(status, bytes_print(&b, "]}\n"), out);
    (void)snprintf(path, sizeof path, "%s/weights.json", dir);
    TRY_GOTO(status, file_write(path, b.data, b.n, err), out);
    (void)snprintf(path, sizeof path, "%s/weights.raw", dir);
    TRY_GOTO(status, file_write(path, weights, weights_n * sizeof *weights, err), out);
    (void)snprintf(path, sizeof path, "%s/input.raw", dir);
    TRY_GOTO(status, file_write(path, train_input(o->t, 0), (size_t)net_shape_elements(in) * sizeof(float), err), out);
    (void)snprintf(path, sizeof path, "%s/labels.raw", dir);
    TRY_GOTO(status, file_write(path, o->label, (size_t)o->batch * sizeof *o->label, err), out);
out:
    bytes_done(&b);
    return status;
}

/* The peer's first losses; false: it is not there, `why` says so. */
static bool peer_losses(const char *python, const char *script, const char *net, const char *dir, int threads, double out[LOSSES], char *why, size_t size)
{
    char command[2400], line[1024] = "";
    const char *at;
    FILE *f;

    (void)snprintf(command, sizeof command, "'%s' '%s' '%s' '%s' --threads %d --losses %d 2>&1", python, script, net, dir, threads, LOSSES);
    f = popen(command, "r");
    if (!f)
        return false;
    while (fgets(line, sizeof line, f) && !strstr(line, "\"loss\""))
        (void)snprintf(why, size, "%s", line);
    (void)pclose(f);
    at = strchr(line, '[');
    for (int i = 0; i < LOSSES && at; i++) {
        char *end;

        out[i] = strtod(at + 1, &end);
        if (end == at + 1)
            return false;
        at = end;
    }
    return at != NULL;
}

static double least(const struct contestant *c)
{
    double v = c->runs ? c->ms[0] : -1;

    for (int i = 1; i < c->runs; i++)
        v = c->ms[i] < v ? c->ms[i] : v;
    return v;
}

struct settings { const char *self, *python, *script, *dir, *commit; long long batch, threads, turns; };

static enum trundle_status one_net(const struct settings *s, const char *net, struct trundle_error *err)
{
    struct ours o = { 0 };
    struct contestant c[PEERS + 1];
    char batch[16], threads[16], why[256] = "";
    double loss[LOSSES], theirs[LOSSES], worst = 0;
    int best = -1;
    const char *name = strrchr(net, '/') ? strrchr(net, '/') + 1 : net;
    bool peer;

    memset(c, 0, sizeof c);
    TRY(ours_new(net, (int)s->batch, (int)s->threads, &o, err));
    TRY(folder_make(s->dir, err));
    TRY(write_files(&o, s->dir, err));
    for (int i = 0; i < LOSSES; i++)
        TRY(ours_step(&o, &loss[i], err));
    fprintf(stderr, "bench: %s: %s\n", name, train_describe(o.t));
    ours_done(&o);
    peer = s->python[0] && peer_losses(s->python, s->script, net, s->dir, (int)s->threads, theirs, why, sizeof why);
    printf("{\"bench\": \"train_step\", \"net\": \"%s\", \"commit\": \"%s\", \"batch\": %lld, \"threads\": %lld, \"loss\": [", name, s->commit, s->batch, s->threads);
    for (int i = 0; i < LOSSES; i++)
        printf("%s%.6f", i ? ", " : "", loss[i]);
    printf("]");
    if (peer) {
        printf(", \"loss_torch\": [");
        for (int i = 0; i < LOSSES; i++) {
            printf("%s%.6f", i ? ", " : "", theirs[i]);
            worst = fmax(worst, fabs(loss[i] - theirs[i]));
        }
        printf("], \"loss_apart\": %.2e", worst);
    }
    (void)snprintf(batch, sizeof batch, "%lld", s->batch);
    (void)snprintf(threads, sizeof threads, "%lld", s->threads);
    for (int k = 0; k <= PEERS; k++) {
        char self[512], python[512], script[512], path[512], dir[512], mode[32], worker_word[] = "worker", mode_word[] = "--mode", threads_word[] = "--threads";
        char *ours_argv[] = { self, worker_word, path, batch, threads, NULL }, *peer_argv[] = { python, script, path, dir, mode_word, mode, threads_word, threads, NULL };

        (void)snprintf(c[k].name, sizeof c[k].name, "%s", k ? modes[k - 1] : "trundle");
        (void)snprintf(self, sizeof self, "%s", s->self);
        (void)snprintf(python, sizeof python, "%s", s->python);
        (void)snprintf(script, sizeof script, "%s", s->script);
        (void)snprintf(path, sizeof path, "%s", net);
        (void)snprintf(dir, sizeof dir, "%s", s->dir);
        (void)snprintf(mode, sizeof mode, "%s", k ? modes[k - 1] : "");
        c[k].per_turn = PER_TURN;
        if (k == 0 || peer)
            (void)contestant_start(&c[k], k ? peer_argv : ours_argv, NULL, -1);
    }
    for (int turn = 0; turn < s->turns; turn++)
        for (int k = 0; k <= PEERS; k++)
            if (c[k].pid)
                (void)contestant_run(&c[k], PER_TURN, turn);
    printf(", \"step_ms\": %.1f, \"step_least_ms\": %.1f", stats_median(c[0].ms, c[0].runs), least(&c[0]));
    for (int k = 1; k <= PEERS; k++)
        if (c[k].runs) {
            printf(", \"torch_%s_ms\": %.1f, \"torch_%s_least_ms\": %.1f", c[k].name, stats_median(c[k].ms, c[k].runs), c[k].name, least(&c[k]));
            if (best < 0 || stats_median(c[k].ms, c[k].runs) < stats_median(c[best].ms, c[best].runs))
                best = k;
        } else if (peer) {
            fprintf(stderr, "bench: torch %s is left out: %s\n", c[k].name, c[k].note);
        }
    if (best > 0) {
        struct ratio r = stats_ratio(&c[best], &c[0]);

        printf(", \"torch\": \"%s\", \"best\": \"%s\", \"ratio\": %.3f, \"ratio_lo\": %.3f, \"ratio_hi\": %.3f", c[best].version, c[best].name, r.value, r.lo, r.hi);
    } else {
        fprintf(stderr, "bench: no PyTorch beside us: %s\n", why[0] ? why : "give --python, or TRUNDLE_PEERS=FOLDER of a venv that has torch");
    }
    printf("}\n");
    (void)fflush(stdout);
    for (int k = 0; k <= PEERS; k++) {
        contestant_stop(&c[k]);
        contestant_done(&c[k]);
    }
    return TRUNDLE_OK;
}

int main(int argc, char **argv)
{
    static const char *const nets[] = { "recipes/nets/bench_dense.json", "recipes/nets/bench_separable.json" };
    struct settings s = { .self = argv[0], .python = "", .script = "bench/peers/train_torch.py", .dir = "build/bench/train", .commit = "", .batch = 64, .threads = 2, .turns = 12 };
    const char *peers = getenv("TRUNDLE_PEERS");
    static char python[512];
    struct trundle_error err;
    char text[600];
    int first = 0, code = 0;
    const struct option_row rows[] = {
        { "python", "PROGRAM", OPTION_TEXT, &s.python, "a Python that has torch (default: $TRUNDLE_PEERS/bin/python)" },
        { "batch", "N", OPTION_LONG, &s.batch, "samples a step (64)" },
        { "threads", "N", OPTION_LONG, &s.threads, "for both sides (2)" },
        { "turns", "N", OPTION_LONG, &s.turns, "of three steps each (12)" },
        { "dir", "DIR", OPTION_TEXT, &s.dir, "scratch (build/bench/train)" },
        { "commit", "TEXT", OPTION_TEXT, &s.commit, "goes into the lines" },
        { NULL, NULL, 0, NULL, NULL },
    };

    if (argc > 1 && !strcmp(argv[1], "worker"))
        return worker(argc - 2, argv + 2);
    if (peers) {
        (void)snprintf(python, sizeof python, "%s/bin/python", peers);
        if (access(python, X_OK) == 0)
            s.python = python;
    }
    if (!option_parse(argc, argv, "trundle-bench-train [NET.json...]", "a training step beside PyTorch's", rows, &first, &code))
        return code;
    for (int i = 0; i < (first < argc ? argc - first : (int)COUNT_OF(nets)); i++)
        if (one_net(&s, first < argc ? argv[first + i] : nets[i], &err) != TRUNDLE_OK) {
            fprintf(stderr, "bench: %s\n", error_text(&err, text, sizeof text));
            return EXIT_ENVIRONMENT;
        }
    return 0;
}
