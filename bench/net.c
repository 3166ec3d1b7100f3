/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/*
 * trundle-bench-net - our networks' speed beside the peers', in one run: one row of docs/net-bench.md a JSON line. Started by
 * `./dev bench net`. Contestants are processes with one thread on one core that take turns; a turn is some runs of about 50 ms
 * together. The ratio of a row is best peer's median / our median; its interval comes of a bootstrap over turns; the target holds when the
 * lower end is at least the target less 0.03. Which of our ways is ours is chosen by turns that do not count.
 */
#define _GNU_SOURCE
#include "bench/net.h"

#include "base/net/kernel.h"
#include "base/std/bytes.h"
#include "base/std/time.h"
#include "cmd/lab/net_peak.h"
#include "cmd/option.h"
#include "cmd/verbs.h"

#include <jansson.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CONTESTANTS_MAX = 16, TURN_RUNS_MAX = 400, CHOOSING_TURNS = 4, P99_RUNS = 700 };

struct setting {
    const char *dir, *peers, *commit;      /* peers: a Python with them; "": none */
    double seconds;
    long long core;
    int cores;
    bool table, by_cpu;
    unsigned isa;
    double peak[2][2];                     /* [int8][masked] */
    char self[4096];
    const char *only;
};

struct row { const char *net, *type, *mask; double target; bool dense; };
static const struct row rows[] = {
    { "resnet18", "int8", "", 1.0, true },        { "detector", "int8", "", 1.0, true },         { "mobilenetv2", "int8", "", 1.3, false },
    { "embedding", "int8", "", 1.3, false },      { "resnet18", "f32", "", 1.0, true },          { "detector", "f32", "", 1.0, true },
    { "mobilenetv2", "f32", "", 1.0, false },     { "embedding", "f32", "", 1.0, false },        { "resnet18", "int8", "avx2", 1.0, true },
    { "detector", "int8", "avx2", 1.0, true },    { "mobilenetv2", "int8", "avx2", 1.0, false }, { "embedding", "int8", "avx2", 1.0, false },
    { "resnet18", "f32", "avx2", 1.0, true },     { "detector", "f32", "avx2", 1.0, true },      { "mobilenetv2", "f32", "avx2", 1.0, false },
    { "embedding", "f32", "avx2", 1.0, false },
};

/* Peers that can be told not to use AVX-512 take part in masked rows. */
static const struct { const char *name, *mode; bool f32, int8, maskable; } peers[] = {
    { "ort", "", true, true, false },       { "openvino", "", true, true, true },       { "ncnn", "", true, true, false },
    { "ort", "own", false, true, false },   { "openvino", "own", false, true, true },
    { "torch", "jit", true, false, true },  { "torch", "inductor", true, false, true },
};
static const char *const peer_mask[] = { "ONEDNN_MAX_CPU_ISA=AVX2", "DNNL_MAX_CPU_ISA=AVX2", "ATEN_CPU_CAPABILITY=avx2", NULL };
static const char *const our_mask[] = { "TRUNDLE_ISA=avx2", NULL };

static int by_float(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Largest difference from the first contestant's outputs, as a share of their largest value. Both sorted: some maps are channels first. */
static double apart(const char *a_path, const char *b_path)
{
    struct bytes a = { 0 }, b = { 0 };
    struct trundle_error err;
    double worst = -1, largest = 0;
    if (file_read(a_path, (size_t)1 << 28, &a, &err) == TRUNDLE_OK && file_read(b_path, (size_t)1 << 28, &b, &err) == TRUNDLE_OK && a.n == b.n && a.n > 0) {
        float *x = (float *)(void *)a.data, *y = (float *)(void *)b.data;
        size_t n = a.n / sizeof *x;
        qsort(x, n, sizeof *x, by_float);
        qsort(y, n, sizeof *y, by_float);
        worst = 0;
        for (size_t i = 0; i < n; i++) {
            double d = fabs((double)x[i] - (double)y[i]);
            worst = d > worst ? d : worst;
            largest = fabs((double)x[i]) > largest ? fabs((double)x[i]) : largest;
        }
        worst = largest > 0 ? worst / largest : worst;
    }
    bytes_done(&a);
    bytes_done(&b);
    return worst;
}

/* Ours: engine, tuned kernels? */
static const struct { const char *label, *engine; bool tuned, f32, int8; } ours[] = {
    { "trundle", "native", false, true, true },           { "trundle tuned", "native", true, true, true },
    { "trundle dnnl", "dnnl", false, true, true },        { "trundle dnnl.any", "dnnl.any", false, true, false },
    { "trundle dnnl.winograd", "dnnl.winograd", false, true, false }, { "trundle dnnl.blocked", "dnnl.blocked", false, true, false },
    { "xnnpack 2022", "xnnpack", false, true, false },
};
enum { OURS = 6 };                         /* the first of them; XNNPACK is a peer that runs through our engine */

static void print(const struct setting *s, json_t *o)
{
    char isa[64], line[256] = "";
    FILE *f = fopen("/proc/cpuinfo", "r");
    const char *cpu = "unknown";
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "model name", 10) == 0 && strchr(line, ':')) {
            line[strcspn(line, "\n")] = '\0';
            cpu = strchr(line, ':') + 2;
            break;
        }
    if (f)
        (void)fclose(f);
    double load[1] = { -1 };
    (void)getloadavg(load, 1);
    json_object_set_new(o, "time", json_string(s->by_cpu ? "processor" : "clock"));
    json_object_set_new(o, "commit", json_string(s->commit));
    json_object_set_new(o, "cpu", json_string(cpu));
    json_object_set_new(o, "isa", json_string(net_isa_text(s->isa, isa)));
    json_object_set_new(o, "compiler", json_string(__VERSION__));
    json_object_set_new(o, "load", json_real(load[0]));
    (void)json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(5));
    (void)putchar('\n');
    (void)fflush(stdout);
    json_decref(o);
}

static bool exists(const char *path)
{
    return access(path, R_OK) == 0;
}

/* ---- contestants ---- */

static bool start_ours(const struct setting *s, const struct row *r, size_t k, struct contestant *c)
{
    char model[1024], kernels[1024], input[1024];
    c->by_cpu = s->by_cpu;
    (void)snprintf(c->name, sizeof c->name, "%s", ours[k].label);
    (void)snprintf(model, sizeof model, "%s/%s.%s.net", s->dir, r->net, r->type);
    if (!exists(model))
        (void)snprintf(model, sizeof model, "%s/%s.%s.onnx", s->dir, r->net, r->type);
    (void)snprintf(kernels, sizeof kernels, "%s/%s.%s.%s.json", s->dir, r->net, r->type, r->mask[0] ? r->mask : "best");
    if (ours[k].tuned && !exists(kernels)) {
        (void)snprintf(c->note, sizeof c->note, "not tuned");
        return false;
    }
    char *argv[] = { (char *)(uintptr_t)s->self, (char *)(uintptr_t)"worker", (char *)(uintptr_t)"--engine", (char *)(uintptr_t)ours[k].engine, model,
                     (char *)(uintptr_t)"--input", input, (char *)(uintptr_t)"--output", c->output, (char *)(uintptr_t)(ours[k].tuned ? "--kernels" : NULL), kernels, NULL };
    (void)snprintf(input, sizeof input, "%s/%s.nhwc", s->dir, r->net);
    (void)snprintf(c->output, sizeof c->output, "%s/out.%d", s->dir, (int)(2 * k));
    return contestant_start(c, argv, r->mask[0] ? our_mask : NULL, (int)s->core);
}

static bool start_peer(const struct setting *s, const struct row *r, size_t k, struct contestant *c)
{
    char model[1024], input[1024];
    c->by_cpu = s->by_cpu;
    (void)snprintf(c->name, sizeof c->name, "%s%s%s", peers[k].name, peers[k].mode[0] ? " " : "", peers[k].mode);
    (void)snprintf(model, sizeof model, "%s/%s.%s.onnx", s->dir, r->net, r->type);
    if (!s->peers[0]) {
        (void)snprintf(c->note, sizeof c->note, "absent: TRUNDLE_PEERS names no environment (bench/peers/setup makes one)");
        return false;
    }
    if (r->mask[0] && !peers[k].maskable) {
        (void)snprintf(c->note, sizeof c->note, "cannot be kept from AVX-512");
        return false;
    }
    char *argv[] = { (char *)(uintptr_t)s->peers, (char *)(uintptr_t)"bench/peers/peer.py", (char *)(uintptr_t)peers[k].name, model, (char *)(uintptr_t)"--mode",
                     (char *)(uintptr_t)peers[k].mode, (char *)(uintptr_t)"--input", input, (char *)(uintptr_t)"--output", c->output, NULL };
    (void)snprintf(input, sizeof input, "%s/%s.nchw", s->dir, r->net);
    (void)snprintf(c->output, sizeof c->output, "%s/out.%d", s->dir, (int)(2 * k + 1));
    return contestant_start(c, argv, r->mask[0] ? peer_mask : NULL, (int)s->core);
}

/* All that can take part in a row; the first of *out_ours are ours. */
static int start_all(const struct setting *s, const struct row *r, struct contestant *c, int *out_ours)
{
    bool int8 = strcmp(r->type, "int8") == 0;
    int n = 0;
    for (size_t k = 0; k < COUNT_OF(ours); k++) {
        if (k == OURS)
            *out_ours = n;
        if ((int8 ? ours[k].int8 : ours[k].f32) && !(k >= OURS && r->mask[0]))
            (void)start_ours(s, r, k, &c[n++]);
    }
    for (size_t k = 0; k < COUNT_OF(peers); k++)
        if (int8 ? peers[k].int8 : peers[k].f32)
            (void)start_peer(s, r, k, &c[n++]);
    return n;
}

static void take_turns(struct contestant *c, int n, double seconds, int least)
{
    int64_t end = clock_mono_ns() + (int64_t)(seconds * 1e9);
    for (int turn = 0; turn < least || clock_mono_ns() < end; turn++)
        for (int k = 0; k < n; k++) {
            struct contestant *one = &c[(k + turn) % n];       /* nobody is always after the same one */
            if (one->pid)
                (void)contestant_run(one, one->per_turn, turn);
        }
}

/* How many runs make about 50 ms; and a first look at everybody. */
static void size_turns(struct contestant *c, int n)
{
    for (int k = 0; k < n; k++) {
        c[k].per_turn = 2;
        if (!c[k].pid || !contestant_run(&c[k], 3, 0))
            continue;
        double ms = stats_quantile(c[k].ms, c[k].runs, 0);
        c[k].per_turn = ms > 25 ? 2 : ms * TURN_RUNS_MAX < 50 ? TURN_RUNS_MAX : (int)(50 / ms);
        c[k].runs = 0;
    }
}

static int fastest(const struct contestant *c, int from, int to)
{
    int best = -1;
    for (int k = from; k < to; k++)
        if (c[k].runs > 0 && (best < 0 || stats_median(c[k].ms, c[k].runs) < stats_median(c[best].ms, c[best].runs)))
            best = k;
    return best;
}

static int64_t operations(const struct setting *s, const struct row *r)
{
    char path[1024], command[2400];
    (void)snprintf(path, sizeof path, "%s/%s.%s.net", s->dir, r->net, r->type);
    (void)snprintf(command, sizeof command, "'%s' count '%s/%s.f32.%s'", s->self, s->dir, r->net, exists(path) ? "net" : "onnx");
    FILE *f = popen(command, "r");
    char line[64] = "0";
    if (f && !fgets(line, sizeof line, f))
        line[0] = '0';
    if (f)
        (void)pclose(f);
    return strtoll(line, NULL, 10);
}

static json_t *contestants_json(const struct contestant *c, int n, int ours_n)
{
    json_t *list = json_array();
    for (int k = 0; k < n; k++) {
        json_t *o = json_object();
        json_object_set_new(o, "name", json_string(c[k].name));
        if (c[k].runs > 0) {
            json_object_set_new(o, "version", json_string(c[k].version));
            json_object_set_new(o, "ours", json_boolean(k < ours_n));
            json_object_set_new(o, "median_ms", json_real(stats_median(c[k].ms, c[k].runs)));
            json_object_set_new(o, "least_ms", json_real(stats_quantile(c[k].ms, c[k].runs, 0)));
            json_object_set_new(o, "p99_ms", c[k].runs >= P99_RUNS ? json_real(stats_quantile(c[k].ms, c[k].runs, 0.99)) : json_null());
            json_object_set_new(o, "n", json_integer(c[k].runs));
            json_object_set_new(o, "resident_kib", json_real(c[k].resident_kib));
            if (k > 0 && c[0].runs > 0)
                json_object_set_new(o, "outputs_apart", json_real(apart(c[0].output, c[k].output)));
        }
        if (c[k].note[0])
            json_object_set_new(o, "note", json_string(c[k].note));
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *ratio_json(const struct ratio *r)
{
    return json_pack("{s:f, s:f, s:f}", "value", r->value, "lo", r->lo, "hi", r->hi);
}

/* ---- rows ---- */

static void run_row(const struct setting *s, const struct row *r)
{
    struct contestant c[CONTESTANTS_MAX] = { 0 };
    int ours_n = 0, n = start_all(s, r, c, &ours_n), mine, best, dnnl = -1;
    bool int8 = strcmp(r->type, "int8") == 0;
    char name[96];
    size_turns(c, n);
    take_turns(c, ours_n, s->seconds / 5, CHOOSING_TURNS);
    mine = fastest(c, 0, ours_n);
    for (int k = 0; k < n; k++)
        c[k].runs = 0;
    take_turns(c, n, s->seconds, CHOOSING_TURNS);
    best = fastest(c, ours_n, n);
    for (int k = 0; k < ours_n; k++)
        if (strncmp(c[k].name, "trundle dnnl", 12) == 0 && c[k].runs > 0 && (dnnl < 0 || stats_median(c[k].ms, c[k].runs) < stats_median(c[dnnl].ms, c[dnnl].runs)))
            dnnl = k;
    (void)snprintf(name, sizeof name, "net_%s_%s%s%s", r->net, r->type, r->mask[0] ? "_" : "", r->mask);
    json_t *o = json_pack("{s:s, s:s, s:f}", "name", name, "unit", "best peer / ours", "target", r->target);
    double gops = 0, peak = s->peak[int8][r->mask[0] != 0];
    if (mine >= 0 && c[mine].runs > 0) {
        double ms = stats_median(c[mine].ms, c[mine].runs);
        gops = (double)operations(s, r) / ms * 1e-6;
        json_object_set_new(o, "ours", json_string(c[mine].name));
        json_object_set_new(o, "ours_ms", json_real(ms));
        json_object_set_new(o, "gops", json_real(gops));
        json_object_set_new(o, "share_of_peak", peak > 0 ? json_real(gops * 1e9 / peak) : json_null());
    }
    struct ratio ratio = { 0, 0, 0 };
    if (mine >= 0 && best >= 0) {
        ratio = stats_ratio(&c[best], &c[mine]);
        json_object_set_new(o, "best_peer", json_string(c[best].name));
        json_object_set_new(o, "ratio", ratio_json(&ratio));
        json_object_set_new(o, "holds", json_boolean(ratio.lo >= r->target - 0.03));
    }
    if (mine >= 0 && dnnl >= 0) {
        struct ratio own = stats_ratio(&c[dnnl], &c[mine]);
        json_object_set_new(o, "dnnl", json_string(c[dnnl].name));
        json_object_set_new(o, "ratio_to_dnnl", ratio_json(&own));
    }
    json_object_set_new(o, "contestants", contestants_json(c, n, ours_n));
    if (s->table) {
        fprintf(stderr, "| %s %s%s%s | %s %.3f | ", r->net, r->type, r->mask[0] ? " " : "", r->mask, mine >= 0 ? c[mine].name : "-", mine >= 0 ? stats_median(c[mine].ms, c[mine].runs) : 0);
        if (best >= 0 && mine >= 0)
            fprintf(stderr, "%s %.3f | %.2f (%.2f-%.2f) | %.2f | %s | ", c[best].name, stats_median(c[best].ms, c[best].runs), ratio.value, ratio.lo, ratio.hi, r->target,
                    ratio.lo >= r->target - 0.03 ? "yes" : "no");
        else
            fprintf(stderr, "- | - | %.2f | - | ", r->target);
        fprintf(stderr, "%.0f %% |\n", peak > 0 ? gops * 1e11 / peak : 0);
    }
    print(s, o);
    for (int k = 0; k < n; k++)
        contestant_done(&c[k]);
}

/* A process that computes and walks through memory without end. */
static pid_t neighbour(int core)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET((size_t)core, &cores);
    (void)sched_setaffinity(0, sizeof cores, &cores);
    enum { N = 1 << 22 };
    volatile uint32_t *memory = malloc(N * sizeof *memory);
    if (!memory)
        _exit(1);
    for (uint32_t k = 1;; k++)
        memory[(k * 40503u) % N] += k;
}

static void run_tail(const struct setting *s)
{
    static const struct row nets[] = { { "mobilenetv2", "int8", "", 1.3, false }, { "resnet18", "int8", "", 1.3, true } };
    if (s->cores < 2) {
        fprintf(stderr, "bench: p99 beside a neighbour wants two cores\n");
        return;
    }
    for (size_t i = 0; i < COUNT_OF(nets); i++) {
        struct contestant c[CONTESTANTS_MAX] = { 0 };
        int ours_n = 0, n = start_all(s, &nets[i], c, &ours_n);
        char name[96];
        size_turns(c, n);
        pid_t busy = neighbour(s->core == 0 ? 1 : 0);
        take_turns(c, ours_n, s->seconds / 5, CHOOSING_TURNS);
        int mine = fastest(c, 0, ours_n);
        for (int k = 0; k < n; k++)
            c[k].runs = 0;
        take_turns(c, n, 2 * s->seconds, 8);
        while (mine >= 0 && c[mine].pid && c[mine].runs < P99_RUNS)
            if (!contestant_run(&c[mine], c[mine].per_turn, c[mine].turn[c[mine].runs - 1] + 1))
                break;
        (void)kill(busy, SIGKILL);
        (void)waitpid(busy, NULL, 0);
        (void)snprintf(name, sizeof name, "net_tail_%s", nets[i].net);
        json_t *o = json_pack("{s:s, s:s, s:f}", "name", name, "unit", "p99 / median beside one busy neighbour", "target", nets[i].target);
        if (mine >= 0 && c[mine].runs > 0) {
            double tail = stats_quantile(c[mine].ms, c[mine].runs, 0.99) / stats_median(c[mine].ms, c[mine].runs);
            json_object_set_new(o, "ours", json_string(c[mine].name));
            json_object_set_new(o, "value", json_real(tail));
            json_object_set_new(o, "n", json_integer(c[mine].runs));
            json_object_set_new(o, "holds", json_boolean(tail <= nets[i].target));
            if (s->table)
                fprintf(stderr, "| p99 / median of %s %s beside a busy neighbour | %.3f | - | - | <= 1.30 | %s | |\n", nets[i].net, nets[i].type, tail, tail <= nets[i].target ? "yes" : "no");
        }
        json_object_set_new(o, "contestants", contestants_json(c, n, ours_n));
        print(s, o);
        for (int k = 0; k < n; k++)
            contestant_done(&c[k]);
    }
}

/* Opening and planning, and what stays in memory: fresh processes in turn. */
static void run_load(const struct setting *s)
{
    static const struct row net = { "mobilenetv2", "int8", "", 15, false };
    enum { TIMES = 7 };
    double load[TIMES], ours_kib[TIMES], peer_kib[TIMES], peer_load[TIMES];
    int n = 0, peers_n = 0;
    for (int i = 0; i < TIMES; i++) {
        struct contestant a = { 0 }, b = { 0 };
        if (start_ours(s, &net, 1, &a) || start_ours(s, &net, 0, &a)) {
            load[n] = a.load_ms;
            ours_kib[n++] = a.resident_kib;
        }
        if (start_peer(s, &net, 0, &b)) {
            peer_load[peers_n] = b.load_ms;
            peer_kib[peers_n++] = b.resident_kib - b.before_kib;
        }
        contestant_done(&a);
        contestant_done(&b);
    }
    if (n == 0)
        return;
    json_t *o = json_pack("{s:s, s:s, s:f, s:f, s:i, s:b, s:f}", "name", "net_load_mobilenetv2", "unit", "ms to open and plan", "target", net.target, "value", stats_median(load, n), "n",
                          n, "holds", stats_median(load, n) < net.target, "resident_kib", stats_median(ours_kib, n));
    if (peers_n > 0) {
        json_object_set_new(o, "ort_load_ms", json_real(stats_median(peer_load, peers_n)));
        json_object_set_new(o, "ort_resident_more_kib", json_real(stats_median(peer_kib, peers_n)));
        json_object_set_new(o, "resident_holds", json_boolean(stats_median(ours_kib, n) < stats_median(peer_kib, peers_n)));
        json_object_set_new(o, "note", json_string("ONNX Runtime's: what its process grew by, over Python and numpy; ours: all of the process"));
    }
    if (s->table)
        fprintf(stderr, "| MobileNetV2 int8: load + plan, ms; resident MiB | %.1f; %.1f | ort %.1f; %.1f | - | < 15 | %s | |\n", stats_median(load, n), stats_median(ours_kib, n) / 1024,
                peers_n ? stats_median(peer_load, peers_n) : 0, peers_n ? stats_median(peer_kib, peers_n) / 1024 : 0, stats_median(load, n) < net.target ? "yes" : "no");
    print(s, o);
}

static bool wanted(int argc, char **argv, int first, const char *name)
{
    for (int i = first; i < argc; i++)
        if (strstr(name, argv[i]))
            return true;
    return first == argc;
}

static void pin(long long core)
{
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET((size_t)core, &cores);
    (void)sched_setaffinity(0, sizeof cores, &cores);
}

static int drive(int argc, char **argv)
{
    const char *python = getenv("TRUNDLE_PEERS");
    struct setting s = { .dir = "build/bench/nets", .peers = "", .commit = "", .seconds = 10, .core = -1 };
    char interpreter[1024];
    const struct option_row options[] = { { "dir", "DIR", OPTION_TEXT, &s.dir, "the nets (made by: make DIR)" },
                                          { "seconds", "S", OPTION_NUMBER, &s.seconds, "of each row, about (default 10)" },
                                          { "core", "N", OPTION_LONG, &s.core, "where contestants run (default the last)" },
                                          { "commit", "TEXT", OPTION_TEXT, &s.commit, "what the lines say" },
                                          { "cpu-time", NULL, OPTION_FLAG, &s.by_cpu, "compare processor time: for a machine that is busy with other things (not p99, not the record)" },
                                          { "table", NULL, OPTION_FLAG, &s.table, "also the table of docs/net-bench.md, on standard error" },
                                          { 0 } };
    int first, code;
    if (!option_parse(argc, argv, "./dev bench net [OPTION...] [PART OF A ROW'S NAME...]", "our networks' speed beside the peers', JSON lines", options, &first, &code))
        return code;
    s.cores = (int)sysconf(_SC_NPROCESSORS_ONLN);
    if (s.core < 0)
        s.core = s.cores - 1;
    if (s.core >= s.cores || !(s.seconds > 0)) {
        fprintf(stderr, "bench net: cores 0 to %d, seconds above 0\n", s.cores - 1);
        return EXIT_USAGE;
    }
    if (python && python[0]) {
        (void)snprintf(interpreter, sizeof interpreter, "%s/bin/python", python);
        s.peers = exists(interpreter) ? interpreter : "";
    }
    ssize_t n = readlink("/proc/self/exe", s.self, sizeof s.self - 1);
    s.self[n > 0 ? n : 0] = '\0';
    (void)signal(SIGPIPE, SIG_IGN);
    pin(s.core);
    s.isa = net_isa_here();
    for (int int8 = 0; int8 < 2; int8++)
        for (int masked = 0; masked < 2; masked++)
            s.peak[int8][masked] = net_peak(int8, masked ? s.isa & NET_ISA_AVX2 : s.isa);
    print(&s, json_pack("{s:s, s:s, s:f, s:f, s:f, s:f}", "name", "net_peak", "unit", "GOP/s of one core", "f32", s.peak[0][0] * 1e-9, "int8", s.peak[1][0] * 1e-9, "f32_avx2",
                        s.peak[0][1] * 1e-9, "int8_avx2", s.peak[1][1] * 1e-9));
    if (s.table)
        fprintf(stderr, "peak of one core: f32 %.0f GFLOP/s, int8 %.0f GOP/s; AVX2 only: %.0f and %.0f\n\n"
                        "| work | ours, ms | best peer, ms | ratio (95 %%) | target | holds | of peak |\n|---|---|---|---|---|---|---|\n",
                s.peak[0][0] * 1e-9, s.peak[1][0] * 1e-9, s.peak[0][1] * 1e-9, s.peak[1][1] * 1e-9);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char name[96];
        (void)snprintf(name, sizeof name, "net_%s_%s%s%s.", rows[i].net, rows[i].type, rows[i].mask[0] ? "_" : "", rows[i].mask);
        if (wanted(argc, argv, first, name))
            run_row(&s, &rows[i]);
    }
    if (wanted(argc, argv, first, "net_load"))
        run_load(&s);
    if (wanted(argc, argv, first, "net_tail"))
        run_tail(&s);
    return EXIT_OK;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "worker") == 0)
        return bench_net_worker(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "make") == 0)
        return bench_net_make(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "count") == 0)
        return bench_net_count(argc - 1, argv + 1);
    return drive(argc, argv);
}
