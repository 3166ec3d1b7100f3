/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* trundle see: hands over to its parts. */
#include "cmd/cart/see.h"
#include "cmd/cart/see_trips.h"
#include "cmd/option.h"
#include "cmd/verbs.h"

static const struct option_part parts[] = {
    { "classify", "name what photos show", see_classify_main },
    { "enrol", "make a gallery from pictures", see_enrol_main },
    { "fit", "fit see.json on simulated development trips", see_fit_main },
    { "score", "how well the camera sense does on trips with truth", see_score_main },
};

int verb_see(int argc, char **argv)
{
    return option_parts(argc, argv, "see", parts, COUNT_OF(parts), NULL);
}
