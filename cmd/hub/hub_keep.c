/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* trundle hub backup, restore, fsck. */
#include "cmd/hub/hub.h"

#include "base/std/time.h"
#include "cmd/front.h"
#include "cmd/verbs.h"
#include "hub/depot/keep.h"

#include <stdlib.h>
#include <string.h>

/* Ctrl-C ends between two files; what was begun is removed by the depot. */
static bool each_file(void *user, const char *path, int64_t done, int64_t total)
{
    (void)path;
    option_progress(user, (size_t)done, (size_t)total);
    return !*front_stop();
}

static int sum_up(const char *verb, enum trundle_status status, const struct depot_sum *sum, bool json, const char *where, struct trundle_error *err)
{
    if (status == TRUNDLE_AGAIN) {
        fprintf(stderr, "trundle %s: stopped; nothing is left of it\n", verb);
        return EXIT_ENVIRONMENT;
    }
    if (status != TRUNDLE_OK)
        return option_fail(verb, err);
    if (json)
        printf("{\"files\":%lld,\"bytes\":%lld,\"deleted_again\":%lld}\n", (long long)sum->files, (long long)sum->bytes, (long long)sum->again);
    else
        printf("%s: %lld files, %lld bytes\n", where, (long long)sum->files, (long long)sum->bytes);
    if (!json && sum->again)
        printf("%s: %lld clips and trip files that were deleted since are deleted again\n", where, (long long)sum->again);
    return EXIT_OK;
}

int hub_backup(int argc, char **argv)
{
    const char *dir = HUB_DIR;
    bool json = false, check = false;
    struct depot_sum sum = { 0, 0, 0 };
    struct trundle_error err;
    enum trundle_status status;
    char what[] = "backup";
    int first, code;
    const struct option_row rows[] = {
        { "dir", "DIR", OPTION_TEXT, &dir, "the hub's folder (" HUB_DIR ")" },
        { "check", NULL, OPTION_FLAG, &check, "compare every file of an older backup with what it says of itself, and write nothing" },
        { "json", NULL, OPTION_FLAG, &json, "one JSON object" },
        { NULL, NULL, OPTION_FLAG, NULL, NULL },
    };

    if (!option_parse(argc, argv, "trundle hub backup TO [OPTION...]", "A copy of everything in a new folder, also while the hub runs. It opens all clips: keep it as safe as the hub.", rows,
                      &first, &code))
        return code;
    if (argc != first + 1) {
        fprintf(stderr, "trundle hub backup: takes one folder\n");
        return EXIT_USAGE;
    }
    status = check ? depot_backup_check(argv[first], each_file, what, &sum, &err) : depot_backup(dir, argv[first], clock_wall_ns(), each_file, what, &sum, &err);
    return sum_up("hub backup", status, &sum, json, argv[first], &err);
}

int hub_restore(int argc, char **argv)
{
    const char *dir = HUB_DIR;
    bool json = false;
    struct depot_restoring how = { NULL, false };
    struct depot_sum sum = { 0, 0, 0 };
    struct trundle_error err;
    enum trundle_status status;
    char what[] = "restore";
    int first, code;
    const struct option_row rows[] = {
        { "dir", "DIR", OPTION_TEXT, &dir, "the folder that is made (" HUB_DIR ")" },
        { "receipts", "FILE", OPTION_TEXT, &how.receipts, "receipts.jsonl of a newer backup, or of the hub's last folder: what they say was deleted is deleted again" },
        { "over", NULL, OPTION_FLAG, &how.over, "move a folder that is there to DIR.before, and take its receipts too; its hub must not run" },
        { "json", NULL, OPTION_FLAG, &json, "one JSON object" },
        { NULL, NULL, OPTION_FLAG, NULL, NULL },
    };

    if (!option_parse(argc, argv, "trundle hub restore FROM [OPTION...]", "A backup into a folder that does not exist yet, after every file of it was checked. What was deleted after the backup was made stays deleted as far as\n"
                      "receipts say: those of the folder that it takes the place of (--over), or of a file (--receipts).", rows, &first, &code))
        return code;
    if (argc != first + 1) {
        fprintf(stderr, "trundle hub restore: takes one folder\n");
        return EXIT_USAGE;
    }
    status = depot_restore(argv[first], dir, &how, each_file, what, &sum, &err);
    return sum_up("hub restore", status, &sum, json, dir, &err);
}

static const char *const faults[] = { "missing", "damaged", "litter", "chain", "table", "receipt" };

static void each_fault(void *user, enum depot_fault fault, const char *what, const char *text)
{
    (void)user;
    fprintf(stderr, "%s: %s: %s\n", faults[fault], what, text);
}

int hub_fsck(int argc, char **argv)
{
    const char *dir = HUB_DIR;
    bool json = false, repair = false;
    struct depot_found found = { .repaired = 0 };
    struct trundle_error err;
    int64_t bad = 0;
    int first, code;
    const struct option_row rows[] = {
        { "dir", "DIR", OPTION_TEXT, &dir, "the hub's folder (" HUB_DIR ")" },
        { "repair", NULL, OPTION_FLAG, &repair, "remove litter; the hub must not run" },
        { "json", NULL, OPTION_FLAG, &json, "one JSON object" },
        { NULL, NULL, OPTION_FLAG, NULL, NULL },
    };

    if (!option_parse(argc, argv, "trundle hub fsck [OPTION...]", "Looks at every row, blob and entry of the access log. Exit 1: something is damaged or missing.", rows, &first, &code))
        return code;
    if (argc != first) {
        fprintf(stderr, "trundle hub fsck: takes no operands\n");
        return EXIT_USAGE;
    }
    if (depot_fsck(dir, repair, each_fault, NULL, &found, &err) != TRUNDLE_OK)
        return option_fail("hub fsck", &err);
    for (int i = 0; i < DEPOT_FAULT_KINDS; i++)
        bad += i == DEPOT_FAULT_LITTER ? 0 : found.fault[i];
    if (json)
        printf("{\"blobs\":%lld,\"bytes\":%lld,\"missing\":%lld,\"damaged\":%lld,\"litter\":%lld,\"chain\":%lld,\"table\":%lld,\"receipt\":%lld,\"repaired\":%lld}\n", (long long)found.blobs,
               (long long)found.bytes, (long long)found.fault[DEPOT_FAULT_MISSING], (long long)found.fault[DEPOT_FAULT_DAMAGED], (long long)found.fault[DEPOT_FAULT_LITTER],
               (long long)found.fault[DEPOT_FAULT_CHAIN], (long long)found.fault[DEPOT_FAULT_TABLE],
               (long long)found.fault[DEPOT_FAULT_RECEIPT], (long long)found.repaired);
    else
        printf("%s: %lld blobs, %lld bytes: %s; litter %lld, removed %lld\n", dir, (long long)found.blobs, (long long)found.bytes, bad ? "DAMAGED" : "whole",
               (long long)found.fault[DEPOT_FAULT_LITTER], (long long)found.repaired);
    return bad ? EXIT_VERDICT : EXIT_OK;
}
