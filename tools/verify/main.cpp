// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// counterfoil-verify: checks a bundle or a receipt with nothing but the log's public key. Reads, never
// writes; no network. Exit status: 0 intact, 1 not intact, 2 it could not be checked.
#include "base/limits.h"
#include "counterfoil/proof/verify.h"
#include "tool.h"
#include "usage.h"

#include <cstdio>
#include <string>

namespace {

namespace cf = counterfoil;
using namespace cf::verify;

constexpr auto kAbout =
    "Checks that nothing in a shop's consent log was changed, dropped, swapped or added.\n"
    "You need the bundle (a folder that `counterfoil pull` wrote) or a receipt, and the log's public key,\n"
    "which the shop gave you by another way than the bundle.";
constexpr auto kFooter =
    "Examples:\n"
    "  counterfoil-verify bundle/ --key log-key.pem\n"
    "      intact: 1204 events, 3 deleted with proof, checkpoint size 1204 signed by 5f3a91c2\n"
    "  counterfoil-verify receipt my-receipt.html --key log-key.pem\n"
    "\n"
    "Lines are counted from 0, as in the member \"seq\" of each line. In brackets stands the rule that was\n"
    "broken (V1 to V9, src/ledger/FORMAT.md). Exit status: 0 intact, 1 not intact, 2 it could not be "
    "checked.";

struct Arguments {
  std::string bundle;
  std::string receipt;
  std::string key_file;
  std::string origin;
};

std::string counted(std::uint64_t n, std::string_view what) {
  return std::to_string(n) + " " + std::string(what) + (n == 1 ? "" : "s");
}

int check_bundle(const Arguments& arguments, const std::string& pem) {
  const auto report = cf::proof::verify_bundle(arguments.bundle, pem, arguments.origin);
  if (!report) {
    if (report.error().code == cf::Code::NotFound)
      return not_checked(cf::fail(cf::Code::NotFound, "there is no bundle at " + arguments.bundle));
    return not_checked(report.error());
  }
  if (report->intact()) {
    const auto key = cf::proof::log_key_from_pem(pem, report->origin);
    if (!key) return not_checked(key.error());
    std::printf("intact: %s, %s deleted with proof, checkpoint size %s signed by %s\n",
                counted(report->size, "event").c_str(), std::to_string(report->deleted).c_str(),
                std::to_string(report->size).c_str(), cf::proof::key_id(*key).c_str());
    return kIntact;
  }
  for (const cf::proof::Finding& f : report->findings)
    std::printf("%s [%s]\n", cf::printable(f.text).c_str(), f.rule.c_str());
  std::printf("not intact: %s in %s\n", counted(report->findings.size(), "finding").c_str(),
              counted(report->size, "line").c_str());
  return kNotIntact;
}

int run(int argc, char** argv) {
  Arguments arguments;
  CLI::App app{kAbout, "counterfoil-verify"};
  app.add_option("bundle", arguments.bundle, "The bundle folder")->type_name("BUNDLE");
  app.add_option("--key", arguments.key_file, "The log's public key, a PEM file")->type_name("PEM");
  app.add_option("--origin", arguments.origin,
                 "The name of the log it must be (default: any that the key signed)")
      ->type_name("NAME");
  CLI::App* receipt = app.add_subcommand("receipt", "Check one customer's receipt instead of a bundle");
  receipt->fallthrough();
  app.footer(kFooter);  // set last: the subcommand would repeat it
  receipt
      ->add_option("file", arguments.receipt,
                   "What the customer saved: the page, the JSON file, or the proof's text alone")
      ->type_name("FILE")
      ->required();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return cf::tool::answer_usage(app, error);
  }
  if (arguments.key_file.empty())
    return not_checked(cf::fail(cf::Code::BadInput, "say which key with --key PEM; see --help"));
  if (!receipt->parsed() && arguments.bundle.empty())
    return not_checked(cf::fail(cf::Code::BadInput, "say which bundle folder; see --help"));
  const auto pem = read_text(arguments.key_file, cf::limits::kKeyFileBytesMax, "key");
  if (!pem) return not_checked(pem.error());
  if (const auto key = cf::proof::log_key_from_pem(*pem, {}); !key)
    return not_checked(cf::fail(
        cf::Code::BadInput, arguments.key_file + " is not the log's public key: " + key.error().message()));
  return receipt->parsed() ? check_receipt_file(arguments.receipt, arguments.origin, *pem)
                           : check_bundle(arguments, *pem);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "counterfoil-verify: %s\n", error.what());
    return kNotChecked;
  }
}
