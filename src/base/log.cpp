// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "base/log.h"

#include "counterfoil/base/bytes.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdlib>

namespace counterfoil::log {
namespace {

spdlog::level::level_enum spdlog_level(Level level) {
  switch (level) {
    case Level::Debug:
      return spdlog::level::debug;
    case Level::Info:
      return spdlog::level::info;
    case Level::Warning:
      return spdlog::level::warn;
    case Level::Error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

// journald reads "<N>" as the syslog priority of the line.
std::string_view journal_prefix(Level level) {
  static const bool journal = std::getenv("JOURNAL_STREAM") != nullptr;
  if (!journal) return "";
  switch (level) {
    case Level::Debug:
      return "<7>";
    case Level::Info:
      return "<6>";
    case Level::Warning:
      return "<4>";
    case Level::Error:
      return "<3>";
  }
  return "<3>";
}

std::shared_ptr<spdlog::logger> make_logger() {
  auto logger = spdlog::stderr_logger_mt("counterfoil");
  const bool journal = std::getenv("JOURNAL_STREAM") != nullptr;
  logger->set_pattern(journal ? "%v" : "%Y-%m-%dT%H:%M:%SZ %l %v", spdlog::pattern_time_type::utc);
  logger->flush_on(spdlog::level::debug);
  return logger;
}

spdlog::logger& the_logger() {
  static const std::shared_ptr<spdlog::logger> logger = make_logger();
  return *logger;
}

}  // namespace

void start(Level least) {
  the_logger().set_level(spdlog_level(least));
}

void event(Level level, std::string_view name, std::initializer_list<Field> fields) {
  std::string line(journal_prefix(level));
  line += name;
  for (const Field& f : fields) {
    line += ' ';
    line += f.key;
    line += '=';
    const std::string value = printable(f.value);
    const bool plain = !value.empty() && value.find_first_of(" \"=") == std::string::npos;
    if (plain) {
      line += value;
      continue;
    }
    line += '"';
    for (char c : value) {
      if (c == '"' || c == '\\') line += '\\';
      line += c;
    }
    line += '"';
  }
  // A string_view is written as it stands: nothing of the line is ever read as a format.
  the_logger().log(spdlog_level(level), spdlog::string_view_t(line));
}

}  // namespace counterfoil::log
