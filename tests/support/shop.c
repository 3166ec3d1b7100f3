/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
#include "tests/support/shop.h"

#include "base/catalog/import.h"

#include <string.h>

static const char products[] =
    "product,name,brand,category,by_weight,mass_g,mass_sd_g,pack,tax,popularity\n"
    "4006381331005,Milk 1 l,Hof,dairy/milk,no,1030,6,1 l,7%,1\n"
    "4006381331012,Oats 500 g,Korn,dry/oats,no,505,4,500 g,7%,1\n"
    "4006381331029,Beans 400 g,Feld,cans/beans,no,410,3,400 g,7%,1\n"
    "4006381331036,Beans hot 400 g,Feld,cans/beans,no,412,3,400 g,7%,1\n"
    "4006381331043,Tea 50 g,Blatt,dry/tea,no,62,1,50 g,7%,1\n"
    "4006381331050,Cocoa 250 g,Blatt,dry/cocoa,no,250,2,250 g,19%,1\n"
    "4011,Bananas,,produce/fruit,yes,150,25,,7%,1\n"
    "4129,Apples,,produce/fruit,yes,180,30,,7%,1\n";
static const char prices[] = "product,price,unit,valid_from,valid_until,member\n"
                             "4006381331005,1.19,each,,,no\n"
                             "4006381331012,2.49,each,,,no\n"
                             "4006381331029,0.89,each,,,no\n"
                             "4006381331036,0.99,each,,,no\n"
                             "4006381331043,3.49,each,,,no\n"
                             "4006381331050,2.99,each,,,no\n"
                             "4006381331050,2.49,each,,,yes\n"
                             "4011,1.99,kg,,,no\n"
                             "4129,2.49,kg,,,no\n";
static const char promotions[] = "id,name,kind,n,m,percent,member,valid_from,valid_until,products\n"
                                 "b32,Beans 3 for 2,n_for_m,3,2,,no,,,4006381331029 4006381331036\n"
                                 "tea,Tea week,percent,,,20,no,,,4006381331043\n"
                                 "oats,Oats for members,percent,,,50,yes,,,4006381331012\n";

struct shop shop_open(void)
{
    struct catalog_texts texts = { .products = { products, strlen(products) }, .prices = { prices, strlen(prices) },
                                   .promotions = { promotions, strlen(promotions) } };
    struct catalog_import import = { .strict = true };
    struct trundle_error err;
    struct shop s = { .milk = trundle_product_gtin(4006381331005), .oats = trundle_product_gtin(4006381331012),
                      .beans = trundle_product_gtin(4006381331029), .beans_hot = trundle_product_gtin(4006381331036),
                      .tea = trundle_product_gtin(4006381331043), .cocoa = trundle_product_gtin(4006381331050),
                      .bananas = trundle_product_plu(4011), .apples = trundle_product_plu(4129) };

    support_ok(catalog_import_texts(&texts, &import, &s.catalog, &err), &err);
    return s;
}

void shop_close(struct shop *s)
{
    catalog_free(s->catalog);
}
