// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// What the business does with numbers, made from its configuration so that page and box cannot disagree
// (GDPR Art. 13). Thread rule: any thread.
#pragma once

#include "pages/site.h"

namespace counterfoil::pages {

/// Pure.
Page privacy_page(const View& view);
/// The box's own front page: stop, your data. Pure.
Page front_page(const View& view);

}  // namespace counterfoil::pages
