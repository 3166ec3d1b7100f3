/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* basket: every figure here is reckoned by hand. */
#include "cart/basket/basket.h"

#include "tests/support/shop.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static uint32_t put(struct basket *b, struct trundle_product p, int32_t count, int64_t weight_mg)
{
    uint32_t line = 0;

    assert_int_equal(basket_add(b, &(struct basket_item){ .product = p, .count = count, .weight_mg = weight_mg, .event = (uint32_t)b->n + 1 }, &line), TRUNDLE_OK);
    return line;
}

static struct basket *fresh(struct shop *s)
{
    struct basket *b = malloc(sizeof *b);

    *s = shop_open();
    assert_non_null(b);
    basket_init(b, s->catalog, 5000, SHOP_WALL_NS);
    return b;
}

static void done(struct shop *s, struct basket *b)
{
    shop_close(s);
    free(b);
}

static void weights_are_whole_intervals_and_round_away_from_zero(void **state)
{
    struct shop s;
    struct basket *b = fresh(&s);

    (void)state;
    assert_int_equal(basket_weight_mg(b, 182), 180000);
    assert_int_equal(basket_weight_mg(b, 182.5), 185000);
    assert_int_equal(basket_weight_mg(b, 0.1), 5000);
    assert_int_equal(basket_price_by_weight(199, 180000), 36);     /* 35.82 */
    assert_int_equal(basket_price_by_weight(100, 5000), 1);        /* 0.5 */
    assert_int_equal(basket_price_by_weight(100, 4999), 0);
    put(b, s.bananas, 1, 180000);
    assert_int_equal(basket_totals(b).total_cents, 36);
    done(&s, b);
}

static void three_for_two_frees_the_cheapest_of_three(void **state)
{
    struct shop s;
    struct basket *b = fresh(&s);
    struct basket_totals t;

    (void)state;
    put(b, s.beans, 1, 0);
    put(b, s.beans_hot, 2, 0);
    t = basket_totals(b);
    assert_int_equal(t.gross_cents, 89 + 2 * 99);
    assert_int_equal(t.savings_cents, 89);
    put(b, s.beans, 2, 0);          /* 99 99 89 | 89 89: one whole group, the fourth and fifth are paid */
    t = basket_totals(b);
    assert_int_equal(t.savings_cents, 89);
    put(b, s.beans, 1, 0);          /* 99 99 89 | 89 89 89 */
    assert_int_equal(basket_totals(b).savings_cents, 178);
    done(&s, b);
}

static void a_removal_takes_the_promotion_back(void **state)
{
    struct shop s;
    struct basket *b = fresh(&s);
    uint32_t third;

    (void)state;
    put(b, s.beans, 2, 0);
    third = put(b, s.beans, 1, 0);
    assert_int_equal(basket_totals(b).total_cents, 178);
    assert_int_equal(basket_remove(b, third), TRUNDLE_OK);
    assert_int_equal(basket_totals(b).total_cents, 178);
    assert_int_equal(basket_totals(b).savings_cents, 0);
    assert_int_equal(basket_remove(b, third), TRUNDLE_NOT_FOUND);
    done(&s, b);
}

static void members_pay_member_prices_and_get_member_promotions(void **state)
{
    struct shop s;
    struct basket *b = fresh(&s);

    (void)state;
    put(b, s.cocoa, 1, 0);
    put(b, s.oats, 1, 0);
    assert_int_equal(basket_totals(b).total_cents, 299 + 249);
    basket_member(b, true);
    assert_int_equal(basket_totals(b).total_cents, 249 + 249 - 125);   /* 124.5 rounds up */
    basket_member(b, false);
    assert_int_equal(basket_totals(b).total_cents, 299 + 249);
    done(&s, b);
}

static void tax_is_contained_per_rate(void **state)
{
    struct shop s;
    struct basket *b = fresh(&s);

    (void)state;
    put(b, s.milk, 1, 0);
    put(b, s.milk, 1, 0);
    put(b, s.cocoa, 1, 0);
    /* 238 * 7 / 107 = 15.57 -> 16, once for the rate and not 8 + 8 by chance; 299 * 19 / 119 = 47.74 -> 48 */
    assert_int_equal(basket_totals(b).tax_cents, 16 + 48);
    done(&s, b);
}

static void a_changed_line_keeps_its_number_and_gets_its_new_price(void **state)
{
    struct shop s;
    struct basket *b = fresh(&s);
    uint32_t line = put(b, s.beans, 1, 0);

    (void)state;
    assert_int_equal(basket_change(b, line, &(struct basket_item){ .product = s.milk, .count = 2, .event = 1 }), TRUNDLE_OK);
    assert_int_equal(basket_totals(b).total_cents, 238);
    assert_int_equal(b->line[0].id, line);
    assert_int_equal(basket_change(b, line, &(struct basket_item){ .product = s.milk, .count = 0 }), TRUNDLE_BAD_ARG);
    assert_int_equal(basket_totals(b).total_cents, 238);
    done(&s, b);
}

static void a_full_basket_refuses(void **state)
{
    struct shop s;
    struct basket *b = fresh(&s);
    uint32_t line;

    (void)state;
    for (int i = 0; i < BASKET_LINES_MAX; i++)
        put(b, s.milk, 1, 0);
    assert_int_equal(basket_add(b, &(struct basket_item){ .product = s.milk, .count = 1 }, &line), TRUNDLE_FULL);
    assert_int_equal(basket_totals(b).total_cents, 119 * BASKET_LINES_MAX);
    done(&s, b);
}

static void the_receipt_says_it_in_columns_and_in_json(void **state)
{
    struct shop s;
    struct basket *b = fresh(&s);
    struct bytes text = { 0 }, json = { 0 };
    json_t *root;

    (void)state;
    put(b, s.tea, 2, 0);
    put(b, s.bananas, 1, 180000);
    put(b, trundle_product_gtin(12345670), 1, 0);
    assert_int_equal(basket_receipt_text(b, &text), TRUNDLE_OK);
    assert_string_equal((char *)text.data, "Tea 50 g                              6.98\n"
                                           "  2 x 3.49                                \n"
                                           "  Tea week                           -1.40\n"
                                           "Bananas                               0.36\n"
                                           "  0.180 kg x 1.99/kg                      \n"
                                           "unknown item                      no price\n"
                                           "------------------------------------------\n"
                                           "TOTAL EUR, 4 items                    5.94\n"
                                           "  saved                               1.40\n"
                                           "  tax in it                           0.39\n");
    assert_int_equal(basket_receipt_json(b, &json), TRUNDLE_OK);
    root = json_loadb((char *)json.data, json.n, 0, NULL);
    assert_non_null(root);
    assert_int_equal(json_integer_value(json_object_get(root, "total_cents")), 594);
    assert_int_equal(json_array_size(json_object_get(root, "lines")), 3);
    json_decref(root);
    bytes_done(&text);
    bytes_done(&json);
    done(&s, b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_are_whole_intervals_and_round_away_from_zero),
        cmocka_unit_test(three_for_two_frees_the_cheapest_of_three),
        cmocka_unit_test(a_removal_takes_the_promotion_back),
        cmocka_unit_test(members_pay_member_prices_and_get_member_promotions),
        cmocka_unit_test(tax_is_contained_per_rate),
        cmocka_unit_test(a_changed_line_keeps_its_number_and_gets_its_new_price),
        cmocka_unit_test(a_full_basket_refuses),
        cmocka_unit_test(the_receipt_says_it_in_columns_and_in_json),
    };

    return support_run(tests);
}
