// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "api/json_reader.h"

#include <nlohmann/json.hpp>

namespace counterfoil::api {
namespace {

constexpr std::int64_t kIntegerMax = (std::int64_t{1} << 53) - 1;

// What nlohmann's reader calls, piece by piece; false ends the reading.
class Builder {
 public:
  using number_integer_t = nlohmann::json::number_integer_t;
  using number_unsigned_t = nlohmann::json::number_unsigned_t;
  using number_float_t = nlohmann::json::number_float_t;
  using string_t = nlohmann::json::string_t;
  using binary_t = nlohmann::json::binary_t;

  explicit Builder(const json::Limits& limits) : limits_(limits) {}

  bool null() { return put({}); }
  bool boolean(bool value) { return put(value); }
  bool number_integer(number_integer_t value) {
    return value >= -kIntegerMax ? put(std::int64_t{value}) : refuse("a number is beyond 2^53 - 1");
  }
  bool number_unsigned(number_unsigned_t value) {
    return value <= std::uint64_t{kIntegerMax} ? put(std::uint64_t{value})
                                               : refuse("a number is beyond 2^53 - 1");
  }
  bool number_float(number_float_t, const string_t&) { return refuse("numbers are whole numbers here"); }
  bool string(string_t& value) { return put(std::move(value)); }
  bool binary(binary_t&) { return refuse("this is no JSON"); }
  bool start_object(std::size_t) { return open(true); }
  bool start_array(std::size_t) { return open(false); }
  bool key(string_t& name) {
    if (open_.back().object.contains(name)) return refuse("a name stands twice in one object");
    open_.back().name = std::move(name);
    return true;
  }
  bool end_object() {
    json::Object done = std::move(open_.back().object);
    open_.pop_back();
    return put(std::move(done));
  }
  bool end_array() {
    json::Array done = std::move(open_.back().array);
    open_.pop_back();
    return put(std::move(done));
  }
  bool parse_error(std::size_t byte, const std::string&, const nlohmann::detail::exception&) {
    return refuse("this is no JSON from byte " + std::to_string(byte) + " on");
  }

  Result<json::Value> take() && {
    if (!wrong_.empty()) return fail(Code::BadInput, wrong_);
    return std::move(whole_);
  }

 private:
  struct Level {
    bool is_object = false;
    json::Object object{};
    json::Array array{};
    std::string name{};  // of the member that comes next
  };

  bool refuse(std::string why) {
    wrong_ = std::move(why);
    return false;
  }
  bool open(bool is_object) {
    if (open_.size() >= limits_.depth_max) return refuse("this is nested too deeply");
    open_.push_back({is_object});
    return true;
  }
  bool put(json::Value value) {
    if (++values_ > limits_.values_max) return refuse("this has too many values");
    if (open_.empty()) {
      whole_ = std::move(value);
    } else if (open_.back().is_object) {
      open_.back().object.emplace(std::move(open_.back().name), std::move(value));
    } else {
      open_.back().array.push_back(std::move(value));
    }
    return true;
  }

  const json::Limits& limits_;
  std::vector<Level> open_;
  std::size_t values_ = 0;
  json::Value whole_;
  std::string wrong_;
};

}  // namespace

Result<json::Value> read_json(std::string_view text, const json::Limits& limits) {
  if (text.size() > limits.bytes_max) return fail(Code::BadInput, "this is too long");
  Builder builder(limits);
  (void)nlohmann::json::sax_parse(text.begin(), text.end(), &builder);  // the builder knows how it went
  return std::move(builder).take();
}

}  // namespace counterfoil::api
