#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The Trundle Authors
# tools/basket_facts.sh FOLDER [smoke|v1] - the aggregate facts that suites/smoke.json and suites/v1.json take from real baskets:
# which share of the items bought falls into each of our categories; how large baskets are; of v1 also how much likelier two
# categories meet in a basket than by chance. FOLDER holds groceries_1-6000.csv, 6,000 of the 9,835 baskets of the Groceries
# data set (Hahsler, Hornik, Reutterer; R package arules). Only sums leave this script, no rows.
#
# Odds of a pair: baskets that hold both, over those expected were the two independent among baskets of the same size (large
# baskets hold more of everything), as a share of the median pair's (in a basket of a given size, each takes the others' room).
# Of the pairs with 40 expected or more, the 24 lowest and the 24 highest.
set -eu
awk -F, -v suite="${2:-smoke}" '
function put(list, kv, label, n, m, g, i) {
    n = split(list, group, ";")
    for (g = 1; g <= n; g++) { split(group[g], kv, ":"); m = split(kv[2], label, ","); for (i = 1; i <= m; i++) of[label[i]] = kv[1] }
}
BEGIN {
    put("dairy/milk:whole milk,UHT-milk,butter milk,condensed milk;dairy/yogurt:yogurt,curd,dessert,whipped/sour cream;" \
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
        "produce:other vegetables,tropical fruit,root vegetables,citrus fruit,pip fruit,onions,berries,grapes")
    if (suite == "v1")      # what smoke leaves out or keeps together
        put("dairy/eggs:domestic eggs;bakery/rolls:rolls/buns,pastry,roll products;meat/fresh:pork,beef,chicken,hamburger meat,turkey,meat;" \
            "drinks/spirits:liquor,liquor (appetizer),rum,brandy,sparkling wine,prosecco,whisky;frozen/ice:ice cream;" \
            "snacks/bar:specialty bar,cake bar,chocolate marshmallow;snacks/gum:chewing gum;drinks/tea:tea;" \
            "pantry/sachet:spices,baking powder,artif. sweetener,pudding powder,Instant food products;" \
            "care/body:hygiene articles,skin care,dental care,soap,male cosmetics,make up remover,baby cosmetics;" \
            "home/small:candles,light bulbs,photo/film;garden/seeds:flower (seeds);household/wrap:cling film/bags,kitchen towels;" \
            "produce:herbs")
}
{
    split("", here)
    n = 0
    for (i = 1; i <= NF; i++) { sub(/ +$/, "", $i); if ($i in of) { sum[of[$i]]++; here[of[$i]] = 1; n++ } }
    all += n
    size[NF > 15 ? 16 : NF]++
    bound = NF > 15 ? 16 : NF
    baskets[bound]++
    count[NF]++
    for (a in here) { has[bound, a]++; for (b in here) if (a < b) both[a, b]++ }
}
END {
    for (g in sum) printf "%s %.4f\n", g, (g == "produce" ? sum[g] / all : sum[g] / (all - sum["produce"])) | "sort"
    close("sort")
    for (k = 1; k <= 16; k++) printf "size %d%s %.4f\n", k, (k > 15 ? "+" : ""), size[k] / NR
    split(".1 .5 .9", quantile, " ")
    for (q = 1; q <= 3; q++) { seen = 0; for (k = 1; seen < quantile[q] * NR; k++) seen += count[k]; printf "size at %g: %d\n", quantile[q], k - 1 }
    if (suite != "v1")
        exit
    for (pair in both) {
        split(pair, ab, SUBSEP)
        expected = 0
        for (k = 1; k <= 16; k++) if (baskets[k]) expected += has[k, ab[1]] * has[k, ab[2]] / baskets[k]
        if (expected >= 40) printf "%.6f %s %s %d\n", both[pair] / expected, ab[1], ab[2], both[pair] | "sort -n"
    }
}' "$1/groceries_1-6000.csv" | awk '
NF != 4 { print; next }
$1 == "size" { print; next }
{ odds[++n] = $1; pair[n] = $2 " " $3; joint[n] = $4 }
END { for (i = 1; i <= n; i++) if (i <= 24 || i > n - 24) printf "pair %s %.2f in %d\n", pair[i], odds[i] / odds[int((n + 1) / 2)], joint[i] }'
