/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* cmd/lab/eval_boxes - trundle eval coco and trundle eval mot: boxes and tracks of any system in the formats that everybody has. */
#pragma once

/* argv[0] is "coco" or "mot". The exit code. */
int eval_coco(int argc, char **argv);
int eval_mot(int argc, char **argv);
