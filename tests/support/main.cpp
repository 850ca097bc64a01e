// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// Entry point of every test binary: doctest, plus a reporter that prints ThrowTheSwitch Unity lines
// (file:line:name:PASS, totals, OK or FAIL) so that embedded CI tools read the results.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <algorithm>
#include <ostream>
#include <string>

namespace {

class UnityReporter final : public doctest::IReporter {
 public:
  explicit UnityReporter(const doctest::ContextOptions& options) : out_(*options.cout) {}
  void report_query(const doctest::QueryData& /*in*/) override {}
  void test_run_start() override {}
  void test_run_end(const doctest::TestRunStats& s) override {
    out_ << "\n-----------------------\n"
         << s.numTestCasesPassingFilters << " Tests " << s.numTestCasesFailed << " Failures " << ignored_
         << " Ignored\n"
         << (s.numTestCasesFailed == 0 ? "OK" : "FAIL") << "\n";
  }
  void test_case_start(const doctest::TestCaseData& test) override {
    test_ = &test;
    why_.clear();
  }
  void test_case_reenter(const doctest::TestCaseData& /*in*/) override {}
  void test_case_end(const doctest::CurrentTestCaseStats& s) override {
    line(*test_, s.failure_flags != 0 ? "FAIL: " + why_ : std::string("PASS"));
  }
  void test_case_exception(const doctest::TestCaseException& e) override {
    why_ = std::string("exception: ") + e.error_string.c_str();
  }
  void subcase_start(const doctest::SubcaseSignature& /*in*/) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData& a) override {
    if (!a.m_failed || !why_.empty()) return;
    why_ = std::string(a.m_expr) + " at line " + std::to_string(a.m_line) + " (" + a.m_decomp.c_str() + ")";
  }
  void log_message(const doctest::MessageData& message) override {
    if (message.m_severity == doctest::assertType::is_warn || !why_.empty()) return;
    why_ = message.m_string.c_str();
    // A result is one line.
    std::replace(why_.begin(), why_.end(), '\n', ';');
  }
  void test_case_skipped(const doctest::TestCaseData& test) override {
    if (!test.m_skip) return;
    ++ignored_;
    line(test, "IGNORE");
  }

 private:
  void line(const doctest::TestCaseData& test, const std::string& result) {
    out_ << test.m_file.c_str() << ':' << test.m_line << ':' << test.m_name << ':' << result << "\n";
  }
  std::ostream& out_;
  const doctest::TestCaseData* test_ = nullptr;
  std::string why_;
  unsigned ignored_ = 0;
};

}  // namespace

DOCTEST_REGISTER_REPORTER("unity", 1, UnityReporter);

int main(int argc, char** argv) {
  return doctest::Context(argc, argv).run();
}
