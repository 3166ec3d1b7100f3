#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The Trundle Authors
# Writes docs/suite-fields.md: every field of a suite file, with what the suites here say.
set -eu
cd "$(dirname "$0")/.."
{
    cat <<'END'
<!-- SPDX-License-Identifier: Apache-2.0 -->
<!-- SPDX-FileCopyrightText: 2026 The Trundle Authors -->
# The fields of a suite file

Written by `tools/suite_fields.sh` (`trundle sim fields SUITE...` prints the table). [simulator.md](simulator.md) says what they are for.

END
    build/trundle sim fields smoke v1 v1-other
} >docs/suite-fields.md.new
mv docs/suite-fields.md.new docs/suite-fields.md
