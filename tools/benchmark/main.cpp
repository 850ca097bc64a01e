// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// counterfoil-bench: what the box costs, as ratios to floors of the same run.
#include "base/fd.h"
#include "base/log.h"
#include "crypto/crypto.h"
#include "report.h"

#include <CLI/CLI.hpp>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <sstream>

namespace counterfoil::bench {

bool Figure::holds() const {
  if (floor != 0) return ratio_goal == 0 || (at_most ? ratio() <= ratio_goal : ratio() >= ratio_goal);
  return goal == 0 || (at_most ? value <= goal : value >= goal);
}

void Report::add(Figure figure) {
  std::fprintf(stderr, "measured: %s\n", figure.name.c_str());
  figures_.push_back(std::move(figure));
}

bool Report::holds() const {
  for (const auto& figure : figures_)
    if (!figure.holds()) return false;
  return true;
}

std::string Report::table() const {
  std::ostringstream out;
  const auto row = [&](const std::string& name, const std::string& value, const std::string& floor,
                       const std::string& unit, const std::string& ratio, const std::string& goal,
                       bool holds) {
    out << std::left << std::setw(48) << name << std::right << std::setw(12) << value << std::setw(12)
        << floor << "  " << std::left << std::setw(8) << unit << std::right << std::setw(7) << ratio << "  "
        << std::left << std::setw(8) << goal << (holds ? "" : "MISSED") << '\n';
  };
  const auto number = [](double x, int digits) {
    std::ostringstream text;
    text << std::fixed << std::setprecision(digits) << x;
    return text.str();
  };
  row("what", "measured", "floor", "unit", "ratio", "goal", true);
  for (const auto& f : figures_) {
    const bool has_floor = f.floor != 0;
    const double wanted = has_floor ? f.ratio_goal : f.goal;
    row(f.name, number(f.value, 1), has_floor ? number(f.floor, 1) : "-", f.unit,
        has_floor ? number(f.ratio(), 2) : "-",
        wanted == 0 ? "" : (f.at_most ? "<= " : ">= ") + number(wanted, 2), f.holds());
  }
  for (const auto& [name, value] : facts_) out << name << ": " << value << '\n';
  return out.str();
}

Result<std::string> Report::json() const {
  // Canonical JSON has no fractions: thousandths say the same.
  const auto thousandths = [](double x) { return static_cast<std::int64_t>(std::llround(x * 1000)); };
  json::Array rows;
  for (const auto& f : figures_)
    rows.emplace_back(json::Object{{"floor_milli", thousandths(f.floor)},
                                   {"holds", f.holds()},
                                   {"name", f.name},
                                   {"ratio_milli", thousandths(f.ratio())},
                                   {"unit", f.unit},
                                   {"value_milli", thousandths(f.value)}});
  return json::write(json::Object{{"figures", std::move(rows)}});
}

double wall_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double process_cpu_s() {
  timespec t{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

std::uint64_t proc_self(const std::string& file, const std::string& key) {
  std::ifstream in("/proc/self/" + file);
  std::string word;
  while (in >> word)
    if (word == key) {
      std::uint64_t value = 0;
      in >> value;
      return value;
    }
  return 0;
}

namespace {

int report_end(const Status& done) {
  if (done) return 0;
  std::fprintf(stderr, "counterfoil-bench: %s\n", done.error().message().c_str());
  return exit_status(done.error().code);
}

int run_benchmarks(const Options& options, const std::string& json_file) {
  Report report;
  const auto done = [&]() -> Status {
    CF_CHECK(crypto::init());
    CF_CHECK(bench_ledger(options, report));
    if (options.wants("scrub")) CF_CHECK(bench_scrub(options, report));
    if (options.wants("tls")) CF_CHECK(bench_tls(options, report));
    return {};
  }();
  std::fputs(report.table().c_str(), stdout);
  if (!done) return report_end(done);
  if (!json_file.empty()) {
    const auto text = report.json();
    if (!text || !write_file_durably(json_file, as_bytes(*text + "\n"), 0644)) return exit_status(Code::Io);
  }
  return report.holds() ? 0 : 1;
}

}  // namespace
}  // namespace counterfoil::bench

int main(int argc, char** argv) {
  using namespace counterfoil;  // NOLINT(google-build-using-namespace): main() only
  CLI::App app(
      "counterfoil-bench: each figure beside a floor measured in the same run. Exit 1: a goal was missed.");
  bench::Options options;
  std::string json_file;
  app.add_flag("--full", options.full, "a million events instead of a hundred thousand");
  app.add_option("--only", options.only,
                 "kinds of figures, \"pull,erase\": append, bytes, pull, erase, memory, scrub, tls; erase "
                 "and memory\n"
                 "are about the people whom pull makes")
      ->delimiter(',')
      ->check(CLI::IsMember({"append", "bytes", "pull", "erase", "memory", "scrub", "tls"}));
  app.add_option("--json", json_file, "also write the table as JSON");
  std::uint64_t people = 0;
  std::string data;
  std::string anchor;
  auto* enrol =
      app.add_subcommand("enrol", "only let invented people say yes, in a folder made by counterfoil init");
  enrol->add_option("--data", data, "the data folder")->required();
  enrol->add_option("--anchor", anchor, "the anchor that belongs to it")->required();
  enrol->add_option("people", people, "how many")->required()->check(CLI::Range(1, 10'000'000));
  CLI11_PARSE(app, argc, argv);
  log::start(log::Level::Error);
  if (*enrol) return bench::report_end(bench::enrol(data, anchor, people));
  // Beside the working folder rather than in /tmp, which may be memory and would make every sync free.
  options.folder = (std::filesystem::current_path() / "bench-scratch-XXXXXX").string();
  if (::mkdtemp(options.folder.data()) == nullptr) {
    std::perror("counterfoil-bench: scratch folder");
    return 11;
  }
  const int rc = bench::run_benchmarks(options, json_file);
  std::error_code ignored;
  std::filesystem::remove_all(options.folder, ignored);
  return rc;
}
