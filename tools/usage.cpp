// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "usage.h"

#include "counterfoil/base/bytes.h"

#include <algorithm>
#include <cstdio>
#include <numeric>

namespace counterfoil::tool {
namespace {

// Letters to change, add or leave out until one is the other.
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0U);
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t corner = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t changed = corner + (a[i] == b[j] ? 0 : 1);
      corner = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, corner + 1, changed});
    }
  }
  return row[b.size()];
}

// What may stand where the word stands: options of the commands so far, or commands.
std::vector<std::string> names(const std::vector<const CLI::App*>& commands, bool options) {
  std::vector<std::string> out;
  if (!options)
    for (const CLI::App* one : commands.back()->get_subcommands({})) out.push_back(one->get_name());
  for (const CLI::App* command : commands)
    for (const CLI::Option* option : command->get_options({}))
      if (options && !option->get_lnames().empty()) out.push_back("--" + option->get_lnames().front());
  return out;
}

}  // namespace

int answer_usage(const CLI::App& app, const CLI::ParseError& error) {
  if (error.get_exit_code() == 0) return app.exit(error);
  std::vector<const CLI::App*> commands{&app};
  std::string called = app.get_name();
  while (!commands.back()->get_subcommands().empty()) {
    commands.push_back(commands.back()->get_subcommands().front());
    called += " " + commands.back()->get_name();
  }
  std::string what = error.what();
  // A mistyped word is also why something else is missing, so it is named first; values may follow an option.
  auto unknown = app.remaining(true);
  const auto option = std::find_if(unknown.begin(), unknown.end(), [](const auto& w) { return w[0] == '-'; });
  if (option != unknown.end()) std::rotate(unknown.begin(), option, option + 1);
  if (!unknown.empty() && !unknown.front().empty()) {
    const std::string word = unknown.front().substr(0, unknown.front().find('='));
    const auto known = names(commands, word[0] == '-');
    what = word[0] == '-' ? "there is no option " + printable(word)
           : commands.back()->get_require_subcommand_min() == 0
               ? "this was not expected: " + printable(word)
               : "there is no command \"" + printable(word) + "\"";
    const auto near = std::min_element(known.begin(), known.end(), [&](const auto& a, const auto& b) {
      return distance(word, a) < distance(word, b);
    });
    if (near != known.end() && what.starts_with("there") && distance(word, *near) <= 2)
      what += "; did you mean " + *near + "?";
  }
  std::fprintf(stderr, "%s: %s\nsee '%s --help'\n", app.get_name().c_str(), what.c_str(), called.c_str());
  return 2;
}

}  // namespace counterfoil::tool
