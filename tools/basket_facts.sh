#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The Trundle Authors
# tools/basket_facts.sh FOLDER - the aggregate facts that suites/smoke.json takes from real baskets: which share of the items
# bought falls into each of our categories, and how large baskets are. FOLDER holds groceries_1-6000.csv, 6,000 of the 9,835
# baskets of the Groceries data set (Hahsler, Hornik, Reutterer; R package arules). Only sums leave this script, no rows.
set -eu
awk -F, '
BEGIN {
    split("dairy/milk:whole milk,UHT-milk,butter milk,condensed milk;dairy/yogurt:yogurt,curd,dessert,whipped/sour cream;" \
          "dairy/butter:butter,margarine;dairy/cheese:hard cheese,sliced cheese,soft cheese,cream cheese,spread cheese,processed cheese;" \
          "drinks/soda:soda,misc. beverages,beverages;drinks/water:bottled water;drinks/juice:fruit/vegetable juice;" \
          "drinks/beer:canned beer,bottled beer;drinks/wine:red/blush wine,white wine;drinks/coffee:coffee,instant coffee,tea,cocoa drinks;" \
          "pantry/baking:sugar,flour,baking powder,salt;pantry/pasta:pasta,rice,soups,ready soups;pantry/oil:oil,vinegar;" \
          "pantry/spread:sweet spreads,jam,honey;pantry/canned:canned vegetables,canned fish,pickled vegetables,canned fruit;" \
          "pantry/sauce:mustard,mayonnaise,ketchup,sauces,salad dressing;snacks/chocolate:chocolate,specialty chocolate,specialty bar;" \
          "snacks/salty:salty snack,popcorn,nut snack;snacks/candy:candy,chewing gum;bakery/bread:brown bread,white bread,semi-finished bread;" \
          "bakery/biscuit:waffles,long life bakery product,cake bar;breakfast/cereal:cereals;meat/cold:sausage,frankfurter,ham;" \
          "frozen/meal:frozen vegetables,frozen meals,frozen fish,frozen dessert;household/clean:detergent,dish cleaner,abrasive cleaner,cleaner;" \
          "household/paper:napkins,hygiene articles;pet/food:cat food,dog food;" \
          "produce:other vegetables,tropical fruit,root vegetables,citrus fruit,pip fruit,onions,berries,grapes", group, ";")
    for (g in group) { split(group[g], kv, ":"); m = split(kv[2], label, ","); for (i = 1; i <= m; i++) of[label[i]] = kv[1] }
}
{ n = 0; for (i = 1; i <= NF; i++) { sub(/ +$/, "", $i); if ($i in of) { sum[of[$i]]++; n++ } } all += n; size[NF > 15 ? 16 : NF]++ }
END {
    for (g in sum) printf "%s %.4f\n", g, (g == "produce" ? sum[g] / all : sum[g] / (all - sum["produce"])) | "sort"
    close("sort")
    for (k = 1; k <= 16; k++) printf "size %d%s %.4f\n", k, (k > 15 ? "+" : ""), size[k] / NR
}' "$1/groceries_1-6000.csv"
