// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include <doctest/doctest.h>
