# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 The Trundle Authors
.DEFAULT_GOAL := build
run build test test-long bench fmt lint install help:
	@./dev $@
.PHONY: run build test test-long bench fmt lint install help
