/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* A cart in one page: cart FOLDER drives the cart and the catalog there with messages.txt ("rest SECONDS COUNTS", "scan CODE"). */
#include <stdio.h>
#include <string.h>
#include <trundle/trundle.h>

static struct trundle_text file(const char *folder, const char *name, char *room, size_t size)
{
    char path[512];
    FILE *f = (snprintf(path, sizeof path, "%s/%s", folder, name), fopen(path, "rb"));
    size_t n = f ? fread(room, 1, size, f) : 0;
    return f ? fclose(f), (struct trundle_text){ room, n } : (struct trundle_text){ NULL, 0 };
}

static void push(struct trundle *cart, struct trundle_message *m, long long t_ns)
{
    struct trundle_message out;
    struct trundle_error err = { 0 };
    char text[TRUNDLE_PRODUCT_TEXT];
    m->sensed_ns = m->log_ns = t_ns, m->sequence++;
    if (trundle_push(cart, m, &err) != TRUNDLE_OK) fprintf(stderr, "%s: %s\n", err.where, err.what);
    while (trundle_poll(cart, &out) == TRUNDLE_OK)
        if (out.channel == TRUNDLE_DECISION)
            printf("%6.2f s decision %d: %s, total %lld\n", (double)t_ns / 1e9, out.decision.kind,
                   trundle_product_text(out.decision.product, text), (long long)out.decision.total_cents);
}

int main(int argc, char **argv)
{
    static char cart_json[1 << 16], catalog_json[1 << 20], messages[1 << 16], receipt[1 << 14];
    const char *folder = argc > 1 ? argv[1] : ".";
    struct trundle_setup setup = { .cart_json = file(folder, "cart.json", cart_json, sizeof cart_json),
                                   .catalog_json = file(folder, "catalog.json", catalog_json, sizeof catalog_json) };
    struct trundle_message m = { .sequence = 0 };
    struct trundle *cart;
    struct trundle_error err;
    size_t n;
    int seconds, counts;
    long long t = 0;                                     /* samples so far, at 80 Hz */
    if (trundle_open(&setup, &cart, &err) != TRUNDLE_OK) return fprintf(stderr, "%s: %s (%s)\n", err.where, err.what, err.hint), 1;
    file(folder, "messages.txt", messages, sizeof messages - 1);
    for (char *line = strtok(messages, "\n"); line; line = strtok(NULL, "\n")) {
        if (sscanf(line, "scan %255s", m.code.text) == 1) {
            m.channel = TRUNDLE_CODE, m.code.source = TRUNDLE_CODE_SCANNER, m.code.text_bytes = (uint16_t)strlen(m.code.text);
            push(cart, &m, t * 12500000);
        } else if (sscanf(line, "rest %d %d", &seconds, &counts) == 2)
            for (long long end = t + seconds * 80; t < end; t++) {
                m.channel = TRUNDLE_CELL, m.cell = (struct trundle_cell){ .n = 4 };
                for (int i = 0; i < 4; i++) m.cell.raw[i] = counts / 4 + (int)((t * 7 + i * 3) % 11) - 5;    /* no converter stands still */
                push(cart, &m, t * 12500000);
                if (t % 8 == 0) m.channel = TRUNDLE_TICK, push(cart, &m, t * 12500000);
            }
        memset(&m.code, 0, sizeof m.code);
    }
    if (trundle_receipt_text(cart, receipt, sizeof receipt, &n) == TRUNDLE_OK) fputs(receipt, stdout);
    trundle_close(cart);
    return 0;
}
