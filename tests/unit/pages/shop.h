// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// A small shop and the facts of its pages, for tests of the pure page functions.
#pragma once

#include "desk/desk.h"
#include "pages/frame.h"
#include "pages/look.h"

namespace counterfoil::pages::test {

const consent::Business& shop();
Look shop_look();
View shop_view(const Look& look, std::string_view language = "en");
/// A form with the roles in the order that desk.h names.
desk::OptInForm shop_form();
desk::Submission shop_submission();

/// The whole page as a browser gets it.
std::string whole(const View& view, const Page& page);
std::size_t count_of(std::string_view text, std::string_view part);

}  // namespace counterfoil::pages::test
