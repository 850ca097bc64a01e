// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "sync/pull.h"

#include "base/fd.h"
#include "base/limits.h"
#include "counterfoil/proof/key_chain.h"
#include "proof/bundle_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <set>

namespace counterfoil::sync {
namespace {

using proof::kBundleFileLines;

Status make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    return errno_error(errno, "cannot make folder " + path);
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode))
    return fail(Code::BadInput, path + " is a file; a bundle is a folder");
  return {};
}

// Whole lines of a file of an earlier run; 0 when there is none.
Result<std::uint64_t> whole_lines(const std::string& path) {
  auto reader = proof::LineReader::open(path);
  if (!reader) return reader.error().code == Code::NotFound ? Result<std::uint64_t>(0) : reader.error();
  for (std::uint64_t count = 0;; ++count) {
    CF_TRY(const auto line, reader->next());
    if (!line) return count;
    if (!line->whole) return std::uint64_t{0};
  }
}

// Deletion and agreements decide what a line shows, so only what both show must be the same.
bool same_record(std::string_view old, std::string_view now) {
  const auto a = proof::decode_entry(old);
  const auto b = proof::decode_entry(now);
  if (!a || !b || a->hash != b->hash) return false;
  for (std::size_t i = 0; i < a->d.size(); ++i)
    if (a->d.at(i) && b->d.at(i) && *a->d.at(i) != *b->d.at(i)) return false;
  return true;
}

// Splits pieces of a stream into lines.
class LineSplitter {
 public:
  explicit LineSplitter(std::function<Status(std::string_view)> each) : each_(std::move(each)) {}
  Status take(std::string_view piece) {
    rest_ += piece;
    std::size_t begin = 0;
    for (std::size_t end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n', begin)) {
      CF_CHECK(each_(std::string_view(rest_).substr(begin, end - begin)));
      begin = end + 1;
    }
    rest_.erase(0, begin);
    if (rest_.size() > limits::kEntryLineBytesMax) return fail(Code::Limit, "a line of the log is too long");
    return {};
  }
  [[nodiscard]] bool clean() const { return rest_.empty(); }

 private:
  std::function<Status(std::string_view)> each_;
  std::string rest_;
};

std::string_view without_newline(std::string_view body) {
  while (!body.empty() && body.back() == '\n') body.remove_suffix(1);
  return body;
}

// What the box says of itself is foreign text.
Error refused(const net::HttpAnswer& answer) {
  std::string why = "the box answered " + std::to_string(answer.status);
  const auto value = json::read(without_newline(answer.body));
  const auto* error = value ? value->find("error") : nullptr;
  const auto message = error != nullptr ? error->string_at("message") : fail(Code::NotFound);
  why += message ? ": " + printable(*message) : ", as no sync port does; is it the right port?";
  return fail(answer.status == 403 ? Code::Refused : Code::Io, why);
}

class Puller {
 public:
  Puller(const PullOptions& options, net::HttpsClient& client, proof::LogKey key,
         const PullProgress& progress)
      : options_(options), client_(client), verifier_(key), keys_(std::move(key)), progress_(progress) {}

  Result<PullReport> run() {
    // Before the checkpoint, so that it covers the tombstone of each.
    CF_CHECK(ask_whom_to_forget());
    CF_TRY(const std::string note, get_text("/v1/log/checkpoint"));
    auto checkpoint = keys_.open(note);
    if (!checkpoint && checkpoint.error().code == Code::WrongKey) {
      CF_CHECK(follow_keys());
      checkpoint = keys_.open(note);
    }
    if (!checkpoint) return judged(checkpoint.error(), note);
    report_.checkpoint = *checkpoint;
    CF_CHECK(prepare_folder());
    CF_CHECK(check_not_older());
    if (!report_.findings.empty()) return report_;
    CF_CHECK(resume());
    CF_CHECK(fetch());
    const auto done = verifier_.finish(note);
    report_.findings.insert(report_.findings.end(), verifier_.findings().begin(), verifier_.findings().end());
    if (!done || !report_.intact()) return report_;
    for (const std::uint64_t file : to_forget_in_) CF_CHECK(forget_in(file));
    CF_CHECK(write_file_durably(options_.folder + "/origin", as_bytes(keys_.first().name + "\n")));
    CF_CHECK(write_file_durably(options_.folder + "/checkpoint", as_bytes(note)));
    CF_CHECK(acknowledge());
    return report_;
  }

 private:
  // A note that does not open is what the pull is there to find, not a failure of the pull.
  Result<PullReport> judged(const Error& error, const std::string& note) {
    if (error.code != Code::Corrupt && error.code != Code::WrongKey && error.code != Code::BadInput)
      return error;
    (void)verifier_.finish(note);
    report_.findings = {verifier_.findings().front()};
    return report_;
  }

  Result<std::string> get_text(const std::string& target) {
    CF_TRY(auto answer, client_.get(target, limits::kNoteBytesMax));
    if (answer.status != 200) return refused(answer);
    return std::move(answer.body);
  }

  // The pinned key signs no more: the box shows the lines that lead from it to the one that does, each signed
  // by the key before. What does not follow is left to the note's judgement.
  Status follow_keys() {
    CF_TRY(const auto answer, client_.get("/v1/log/keys", limits::kNoticeAnswerBytesMax));
    if (answer.status == 404) return {};  // a box of an earlier version
    if (answer.status != 200) return refused(answer);
    std::vector<std::string> lines;
    LineSplitter splitter([&](std::string_view line) -> Status {
      lines.emplace_back(line);
      return {};
    });
    CF_CHECK(splitter.take(answer.body));
    (void)keys_.follow_lines(lines);
    return {};
  }

  // A box of an earlier version has no such notices.
  Status ask_whom_to_forget() {
    CF_TRY(const auto answer, client_.get("/v1/erasures", limits::kNoticeAnswerBytesMax));
    if (answer.status == 404) return {};
    if (answer.status != 200) return refused(answer);
    CF_TRY(const auto body, json::read(without_newline(answer.body)));
    const auto* list = body.find("erasures");
    if (list == nullptr || list->array() == nullptr)
      return fail(Code::BadInput, "the box's notices of erasures have another form");
    for (const auto& notice : *list->array()) {
      CF_TRY(auto handle, notice.string_at("handle"));
      report_.erased.push_back(std::move(handle));
    }
    std::sort(report_.erased.begin(), report_.erased.end());
    return {};
  }

  // What is left of a line of somebody who was erased: as the box shows it, its hash.
  std::optional<std::string> forgotten(std::string_view line) const {
    if (report_.erased.empty()) return std::nullopt;
    const auto entry = proof::decode_entry(line);
    if (!entry || !entry->p ||
        !std::binary_search(report_.erased.begin(), report_.erased.end(), base64url(*entry->p)))
      return std::nullopt;
    proof::Entry out;
    out.hash = entry->hash;
    const auto left = proof::encode_entry(out);
    return left ? std::optional(*left) : std::nullopt;
  }

  Status forget_in(std::uint64_t file) {
    const std::string path = proof::entries_path(options_.folder, file * kBundleFileLines);
    std::string text;
    CF_TRY(auto lines, proof::LineReader::open(path));
    for (std::uint64_t i = 0; i < kBundleFileLines; ++i) {
      CF_TRY(const auto line, lines.next());
      if (!line) return fail(Code::Conflict, path + " was changed while it was read");
      text += forgotten(line->text).value_or(std::string(line->text));
      text += '\n';
    }
    return write_file_durably(path, as_bytes(text));
  }

  // Only for whoever says so: copies elsewhere are the recipient's to delete first.
  Status acknowledge() {
    if (!options_.acknowledge || report_.erased.empty()) return {};
    json::Array handles;
    for (const auto& handle : report_.erased) handles.emplace_back(handle);
    CF_TRY(const auto body, json::write(json::Object{{"handles", std::move(handles)}}));
    CF_TRY(const auto answer,
           client_.post("/v1/erasures/ack", "application/json", body, limits::kNoticeAnswerBytesMax));
    if (answer.status != 200) return refused(answer);
    report_.acknowledged = true;
    return {};
  }

  Status prepare_folder() {
    CF_CHECK(make_folder(options_.folder));
    CF_CHECK(make_folder(options_.folder + "/tiles"));
    CF_CHECK(make_folder(options_.folder + "/tiles/0"));
    const auto origin = read_text_file(options_.folder + "/origin", limits::kOriginBytesMax + 1);
    if (origin && *origin != keys_.first().name + "\n")
      return fail(Code::Conflict,
                  "the folder holds another log: " + printable(origin->substr(0, origin->find('\n'))));
    if (!origin && origin.error().code != Code::NotFound) return origin.error();
    return {};
  }

  // V3: a verified log never shrinks.
  Status check_not_older() {
    const auto old = read_text_file(options_.folder + "/checkpoint", limits::kNoteBytesMax);
    if (!old) return old.error().code == Code::NotFound ? Status() : Status(old.error());
    const auto last = keys_.open(*old);
    if (!last)
      return fail(Code::Conflict,
                  "the checkpoint in the folder is not one of this log: " + last.error().message());
    if (last->size > report_.checkpoint.size)
      report_.findings.push_back({"V3", report_.checkpoint.size,
                                  "the log has shrunk: it proved " + std::to_string(last->size) +
                                      " lines before and now shows " +
                                      std::to_string(report_.checkpoint.size)});
    proved_ = *last;
    return {};
  }

  // V4: what was proved before must still be the beginning of the log.
  void compare_with_proved() {
    if (!proved_ || verifier_.frontier().size() != proved_->size) return;
    if (verifier_.frontier().root() != proved_->root)
      report_.findings.push_back({"V4", proved_->size,
                                  "the log was rewritten: its first " + std::to_string(proved_->size) +
                                      " lines are not the ones it proved before"});
  }

  // Whole files of an earlier run are verified again and kept; a last, partial one is fetched anew and
  // compared.
  Status resume() {
    while ((next_ + 1) * kBundleFileLines <= report_.checkpoint.size) {
      const std::string path = proof::entries_path(options_.folder, next_ * kBundleFileLines);
      CF_TRY(const std::uint64_t count, whole_lines(path));
      // What a damaged disk did to a file must not accuse the box: from here on everything is fetched anew.
      if (count != kBundleFileLines) break;
      CF_TRY(auto lines, proof::LineReader::open(path));
      for (std::uint64_t i = 0; i < count; ++i) {
        CF_TRY(const auto line, lines.next());
        if (!line) return fail(Code::Conflict, path + " was changed while it was read");
        const auto left = forgotten(line->text);
        if (left) to_forget_in_.insert(next_);
        CF_CHECK(feed(left ? *left : line->text, false));
      }
      ++next_;
    }
    report_.resumed = next_ * kBundleFileLines;
    return open_partial();
  }

  // Only lines that the last checkpoint proved are worth comparing; others are what a power cut left.
  Status open_partial() {
    if (!proved_ || proved_->size <= report_.resumed) return {};
    const std::string path = proof::entries_path(options_.folder, report_.resumed);
    CF_TRY(const std::uint64_t count, whole_lines(path));
    if (count != std::min(kBundleFileLines, proved_->size - report_.resumed)) return {};
    CF_TRY(old_, proof::LineReader::open(path));
    old_lines_ = count;
    return {};
  }

  // True for a line that the partial file had already; one that differs is a finding.
  Result<bool> had_already(std::string_view line) {
    if (old_lines_ == 0) return false;
    --old_lines_;
    CF_TRY(const auto old, old_->next());
    if (old && same_record(old->text, line)) return true;
    const std::uint64_t at = next_ * kBundleFileLines + file_lines_;
    report_.findings.push_back(
        {"V4", at,
         "line " + std::to_string(at) +
             " in the folder is not the one that the box sends now; the folder is left as "
             "it was, pull into a new one to compare"});
    old_lines_ = 0;
    return true;
  }

  Status feed(std::string_view line, bool fresh) {
    const auto entry = proof::decode_entry(line);
    if (entry) {
      if (!fresh && entry->d[1] && entry->d[0].has_value() != options_.identity)
        return fail(Code::Conflict, options_.identity
                                        ? "this bundle was pulled without --identity; use a new folder"
                                        : "this bundle was pulled with --identity; say so again");
      if (fresh) leaf_hashes_.insert(leaf_hashes_.end(), entry->hash.begin(), entry->hash.end());
    }
    verifier_.feed(line);
    compare_with_proved();
    return {};
  }

  Status fetch() {
    const std::uint64_t all = report_.checkpoint.size;
    std::uint64_t at = next_ * kBundleFileLines;
    while (at < all) {
      const std::uint64_t end = std::min(all, at + limits::kEntriesPerRequestMax);
      const std::string target = "/v1/log/entries?start=" + std::to_string(at) +
                                 "&end=" + std::to_string(end) + (options_.identity ? "&identity=1" : "");
      std::uint64_t got = 0;
      LineSplitter lines([&](std::string_view line) -> Status {
        if (++got > end - at) return fail(Code::Io, "the box sent more lines than asked for");
        return take_line(line);
      });
      CF_TRY(const auto answer,
             client_.get(target, limits::kEntriesPerRequestMax * limits::kEntryLineBytesMax,
                         [&](std::string_view piece) { return lines.take(piece); }));
      if (answer.status != 200) return refused(answer);
      if (!lines.clean() || got != end - at)
        return fail(Code::Io, "the box sent fewer lines than asked for; pull again");
      at = end;
      if (progress_) progress_(at, all);
    }
    return flush_file();
  }

  Status take_line(std::string_view line) {
    CF_TRY(const bool known, had_already(line));
    ++(known ? report_.resumed : report_.pulled);
    CF_CHECK(feed(line, true));
    file_ += line;
    file_ += '\n';
    if (++file_lines_ == kBundleFileLines) return flush_file();
    return {};
  }

  Status flush_file() {
    // Lines that contradict what was proved before must not replace it: the old ones are the evidence.
    if (file_lines_ == 0 || !report_.intact()) return {};
    CF_CHECK(
        write_file_durably(proof::entries_path(options_.folder, next_ * kBundleFileLines), as_bytes(file_)));
    CF_CHECK(write_file_durably(options_.folder + "/" + proof::tile_path(next_), leaf_hashes_));
    ++next_;
    file_.clear();
    file_lines_ = 0;
    leaf_hashes_.clear();
    return {};
  }

  const PullOptions& options_;
  net::HttpsClient& client_;
  proof::Verifier verifier_;
  proof::KeyChain keys_;  // the pinned one, and those that it vouches for
  const PullProgress& progress_;
  PullReport report_;
  std::optional<proof::Checkpoint> proved_;  // what an earlier pull verified
  std::set<std::uint64_t> to_forget_in_;     // files with lines of people who were erased
  std::uint64_t next_ = 0;                   // number of the next bundle file
  std::optional<proof::LineReader> old_;     // the partial file of an earlier pull
  std::uint64_t old_lines_ = 0;              // of old_, still to compare
  std::string file_;
  std::uint64_t file_lines_ = 0;
  Bytes leaf_hashes_;  // of the current file
};

// The name the key goes by: what was asked for, else the bundle's, else what the first checkpoint says.
Result<std::string> expected_origin(const PullOptions& options, net::HttpsClient& client) {
  if (!options.origin.empty()) return options.origin;
  if (const auto known = read_text_file(options.folder + "/origin", limits::kOriginBytesMax + 1);
      known && !known->empty())
    return known->substr(0, known->size() - 1);
  CF_TRY(const auto answer, client.get("/v1/log/checkpoint", limits::kNoteBytesMax));
  if (answer.status != 200) return refused(answer);
  CF_TRY(const auto checkpoint, proof::read_checkpoint(answer.body));
  return checkpoint.origin;
}

// Lines that were deleted while they came have their tombstone under the next checkpoint: asked once more, an
// honest box is found intact.
bool only_lacks_tombstones(const PullReport& report) {
  return !report.intact() && std::all_of(report.findings.begin(), report.findings.end(),
                                         [](const auto& finding) { return finding.rule == "V7"; });
}

}  // namespace

Result<PullReport> pull(PullOptions options, const PullProgress& progress) {
  const auto opened = net::HttpsClient::open(std::move(options.server));
  if (!opened)
    return fail(opened.error().code,
                "your certificate, its key and the box's authority: " + opened.error().message());
  auto& client = *opened;
  CF_TRY(auto origin, expected_origin(options, *client));
  CF_TRY(auto key, proof::log_key_from_pem(options.log_key_pem, std::move(origin)));
  const auto report = Puller(options, *client, key, progress).run();
  if (!report || !only_lacks_tombstones(*report)) return report;
  return Puller(options, *client, std::move(key), progress).run();
}

}  // namespace counterfoil::sync
