/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* Recursive descent to postfix, and a stack machine of doubles. Depth, length and names are bounded, so hostile text costs nothing. */
#include "cart/capture/trigger.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum op_code { OP_NUMBER, OP_FACT, OP_RANDOM, OP_LESS, OP_AT_MOST, OP_MORE, OP_AT_LEAST, OP_SAME, OP_OTHER, OP_NOT, OP_AND, OP_OR };

static const char *const fact_names[TRIGGER_FACTS] = {
    "p", "second", "cost", "cost_next", "count", "weight_g", "mass_g", "cents", "decision", "belief", "add", "change", "remove", "ask", "rescan",
    "withdraw", "phase", "price", "audit", "weighing", "corrected", "disagree", "code", "motion", "fault",
};

const char *trigger_name(enum trigger_fact fact)
{
    return (unsigned)fact < TRIGGER_FACTS ? fact_names[fact] : NULL;
}

struct parse {
    const char *text, *at, *where;
    struct trigger *out;
    int depth;
    struct trundle_error *err;
};

static void space(struct parse *p)
{
    while (*p->at == ' ' || *p->at == '\t' || *p->at == '\n' || *p->at == '\r')
        p->at++;
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

static enum trundle_status bad(const struct parse *p, const char *at, const char *hint, const char *what)
{
    (void)error_set(p->err, TRUNDLE_BAD_INPUT, NULL, hint, "%s", what);
    if (p->err)
        error_within(p->err, "%.180s, column %zu", p->where, (size_t)(at - p->text) + 1);
    return TRUNDLE_BAD_INPUT;
}

static enum trundle_status emit(struct parse *p, enum op_code code, uint8_t fact, double number)
{
    if (p->out->ops_n >= TRIGGER_OPS)
        return error_set(p->err, TRUNDLE_TOO_LARGE, p->where, "use several triggers", "more than %d parts", TRIGGER_OPS);
    p->out->op[p->out->ops_n++] = (struct trigger_op){ (uint8_t)code, fact, number };
    return TRUNDLE_OK;
}

/* Takes `word` when it is the next whole word. */
static bool take_word(struct parse *p, const char *word)
{
    size_t n = strlen(word);

    space(p);
    if (strncmp(p->at, word, n) != 0 || is_word(p->at[n]))
        return false;
    p->at += n;
    return true;
}

/* Digits with at most one point and an exponent; strtod would take "inf", "nan" and hexadecimal too. */
static enum trundle_status number(struct parse *p, double *out)
{
    char digits[32], *end;
    const char *from;
    size_t n;

    space(p);
    from = p->at;
    n = strspn(from, "0123456789.eE+-");
    if (n == 0 || n >= sizeof digits || from[0] == 'e' || from[0] == 'E')
        return bad(p, from, "a number as 0.8 or 250", n ? "this is no number" : "a number is missing");
    memcpy(digits, from, n);
    digits[n] = '\0';
    *out = strtod(digits, &end);
    if (end == digits || !isfinite(*out))
        return bad(p, from, "a number as 0.8 or 250", "this is no number");
    p->at = from + (end - digits);
    if (is_word(*p->at) || *p->at == '.')
        return bad(p, from, "a number as 0.8 or 250", "this is no number");
    return TRUNDLE_OK;
}

static enum trundle_status chance(struct parse *p)
{
    const char *from;
    double share;

    space(p);
    if (*p->at != '(')
        return bad(p, p->at, "random(0.01) is true for one in a hundred", "'(' is missing after random");
    p->at++;
    space(p);
    from = p->at;
    TRY(number(p, &share));
    if (share < 0 || share > 1)
        return bad(p, from, "random(0.01) is true for one in a hundred", "a share lies in 0..1");
    space(p);
    if (*p->at != ')')
        return bad(p, p->at, "random(0.01) is true for one in a hundred", "')' is missing");
    p->at++;
    return emit(p, OP_RANDOM, 0, share);
}

static enum trundle_status value(struct parse *p)
{
    static const char known[] = "facts: p second cost cost_next count weight_g mass_g cents decision belief add change remove ask rescan withdraw phase "
                                "price audit weighing corrected disagree code motion fault; and random(q)";
    const char *from;
    double x;

    space(p);
    from = p->at;
    if ((*from >= '0' && *from <= '9') || *from == '-' || *from == '.') {
        TRY(number(p, &x));
        return emit(p, OP_NUMBER, 0, x);
    }
    if (take_word(p, "random"))
        return chance(p);
    if (take_word(p, "and") || take_word(p, "or") || take_word(p, "not")) {
        p->at = from;
        return bad(p, from, known, "a value is missing here");
    }
    for (uint8_t i = 0; i < TRIGGER_FACTS; i++)
        if (take_word(p, fact_names[i]))
            return emit(p, OP_FACT, i, 0);
    return bad(p, from, known, *from ? "no fact has this name" : "a value is missing at the end");
}

static enum trundle_status any_of(struct parse *p);

static enum trundle_status compared(struct parse *p)
{
    enum op_code code;

    TRY(value(p));
    space(p);
    if (*p->at == '<')
        code = p->at[1] == '=' ? OP_AT_MOST : OP_LESS;
    else if (*p->at == '>')
        code = p->at[1] == '=' ? OP_AT_LEAST : OP_MORE;
    else if (*p->at == '=')
        code = OP_SAME;
    else if (*p->at == '!' && p->at[1] == '=')
        code = OP_OTHER;
    else
        return TRUNDLE_OK;
    p->at += code == OP_AT_MOST || code == OP_AT_LEAST || code == OP_OTHER || (code == OP_SAME && p->at[1] == '=') ? 2 : 1;
    TRY(value(p));
    return emit(p, code, 0, 0);
}

static enum trundle_status one(struct parse *p)
{
    enum trundle_status status;
    bool negated;

    space(p);
    if (++p->depth > TRIGGER_DEPTH)
        return error_set(p->err, TRUNDLE_TOO_LARGE, p->where, "use several triggers", "parts within parts deeper than %d", TRIGGER_DEPTH);
    negated = take_word(p, "not");
    if (negated) {
        status = one(p);
        if (status == TRUNDLE_OK)
            status = emit(p, OP_NOT, 0, 0);
    } else {
        space(p);
        if (*p->at == '(') {
            p->at++;
            TRY(any_of(p));
            space(p);
            if (*p->at != ')')
                return bad(p, p->at, NULL, *p->at ? "'and', 'or' or ')' is missing here" : "')' is missing at the end");
            p->at++;
            status = TRUNDLE_OK;
        } else {
            status = compared(p);
        }
    }
    p->depth--;
    return status;
}

static enum trundle_status all_of(struct parse *p)
{
    TRY(one(p));
    while (take_word(p, "and")) {
        TRY(one(p));
        TRY(emit(p, OP_AND, 0, 0));
    }
    return TRUNDLE_OK;
}

static enum trundle_status any_of(struct parse *p)
{
    TRY(all_of(p));
    while (take_word(p, "or")) {
        TRY(all_of(p));
        TRY(emit(p, OP_OR, 0, 0));
    }
    return TRUNDLE_OK;
}

enum trundle_status trigger_parse(const char *text, const char *where, struct trigger *out, struct trundle_error *err)
{
    struct trigger made = { .ops_n = 0 };
    struct parse p = { .text = text, .at = text, .where = where, .out = &made, .err = err };
    size_t n = strlen(text);

    if (n >= TRIGGER_TEXT)
        return error_set(err, TRUNDLE_TOO_LARGE, where, "use several triggers", "%zu characters, limit %d", n, TRIGGER_TEXT - 1);
    memcpy(made.text, text, n + 1);
    TRY(any_of(&p));
    space(&p);
    if (*p.at)
        return bad(&p, p.at, "join parts with 'and' or 'or'", "this does not go on from what stands before it");
    *out = made;
    return TRUNDLE_OK;
}

static bool truth(double x)
{
    return !isnan(x) && (x < 0 || x > 0);
}

static double compare(enum op_code code, double a, double b)
{
    bool yes = false;

    if (isnan(a) || isnan(b))
        return 0;
    switch (code) {
    case OP_LESS: yes = a < b; break;
    case OP_AT_MOST: yes = a <= b; break;
    case OP_MORE: yes = a > b; break;
    case OP_AT_LEAST: yes = a >= b; break;
    case OP_SAME: yes = !(a < b) && !(a > b); break;
    default: yes = a < b || a > b; break;
    }
    return yes ? 1 : 0;
}

/* splitmix64's finish, so that several random() of one trigger do not fall together. */
static double unit(uint64_t draw, uint32_t place)
{
    uint64_t x = draw + UINT64_C(0x9e3779b97f4a7c15) * (place + 1);

    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (double)((x ^ (x >> 31)) >> 11) * 0x1p-53;
}

bool trigger_fires(const struct trigger *t, const struct trigger_facts *facts)
{
    double stack[TRIGGER_OPS];
    size_t n = 0;

    for (uint32_t i = 0; i < t->ops_n; i++) {
        const struct trigger_op *op = &t->op[i];

        switch ((enum op_code)op->code) {
        case OP_NUMBER:
            stack[n++] = op->number;
            break;
        case OP_FACT:
            stack[n++] = facts->value[op->fact];
            break;
        case OP_RANDOM:
            stack[n++] = unit(facts->draw, i) < op->number ? 1 : 0;
            break;
        case OP_NOT:
            stack[n - 1] = truth(stack[n - 1]) ? 0 : 1;
            break;
        case OP_AND:
            n--;
            stack[n - 1] = truth(stack[n - 1]) && truth(stack[n]) ? 1 : 0;
            break;
        case OP_OR:
            n--;
            stack[n - 1] = truth(stack[n - 1]) || truth(stack[n]) ? 1 : 0;
            break;
        default:
            n--;
            stack[n - 1] = compare((enum op_code)op->code, stack[n - 1], stack[n]);
            break;
        }
    }
    return n == 1 && truth(stack[0]);
}
