// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "base/limits.h"
#include "counterfoil/proof/verify.h"
#include "proof/bundle_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

namespace counterfoil::proof {
namespace {

Status need_folder(const std::string& folder) {
  struct stat info{};
  if (::stat(folder.c_str(), &info) != 0) return errno_error(errno, folder);
  if (!S_ISDIR(info.st_mode)) return fail(Code::BadInput, folder + " is a file; a bundle is a folder");
  return {};
}

// A small text file; what is wrong with it becomes a finding and the text stays empty.
std::string bundle_text(const std::string& folder, const std::string& name, const std::string& rule,
                        std::vector<Finding>& findings) {
  auto text = read_text_file(folder + "/" + name, limits::kNoteBytesMax);
  if (text) return *std::move(text);
  const bool absent = text.error().code == Code::NotFound;
  findings.push_back({rule, 0, absent ? "the file " + name + " is missing" : text.error().message()});
  return {};
}

// The origin named by the bundle; "<origin>\n".
std::string bundle_origin(const std::string& folder, std::vector<Finding>& findings) {
  std::string text = bundle_text(folder, "origin", "V2", findings);
  if (!findings.empty()) return {};
  if (text.ends_with('\n')) text.pop_back();
  if (is_origin(text)) return text;
  findings.push_back({"V2", 0, "the file origin holds no log name"});
  return {};
}

class BundleCheck {
 public:
  BundleCheck(std::string folder, LogKey key, std::uint64_t size)
      : folder_(std::move(folder)), size_(size), verifier_(std::move(key)) {}

  Status lines(const std::map<std::uint64_t, std::string>& files) {
    for (const auto& [start, path] : files) {
      give_tiles(start / kBundleFileLines);
      CF_TRY(LineReader reader, LineReader::open(path));
      for (;;) {
        CF_TRY(const std::optional<LineReader::Line> line, reader.next());
        if (!line) break;
        // A cut line must not pass for a whole one, even when nothing but its newline is gone.
        verifier_.feed(line->whole ? line->text : std::string_view());
      }
    }
    if (size_ > 0) give_tiles((size_ - 1) / kBundleFileLines);
    return {};
  }

  /// unread: before says already that the file checkpoint cannot be read.
  BundleReport report(const std::string& origin, std::string_view note, bool unread,
                      std::vector<Finding> before) {
    BundleReport out;
    out.origin = origin;
    out.findings = std::move(before);
    out.verified = verifier_.finish(note).has_value();
    out.size = verifier_.frontier().size();
    out.deleted = verifier_.deleted();
    out.findings.insert(out.findings.end(), tile_findings_.begin(), tile_findings_.end());
    // A checkpoint file that cannot be read has been reported as such, which says more than that it is no
    // note.
    for (const Finding& f : verifier_.findings())
      if (!unread || f.rule != "V1") out.findings.push_back(f);
    return out;
  }

 private:
  // A stretch that is missing, or a size that nothing stands behind, must not keep the reader busy.
  void give_tiles(std::uint64_t last) {
    last = std::min(last, verifier_.frontier().size() / kBundleFileLines + limits::kTilesAheadMax);
    for (; next_tile_ <= last && next_tile_ * kBundleFileLines < size_; ++next_tile_) {
      Result<std::optional<std::vector<Hash>>> tile = read_tile(folder_, next_tile_);
      if (!tile && tile_findings_.size() < limits::kFindingsMax) {
        tile_findings_.push_back({"V4", next_tile_ * kBundleFileLines, tile.error().message()});
      } else if (tile && *tile) {
        verifier_.expect_tile(next_tile_, std::move(**tile));
      }
    }
  }

  std::string folder_;
  std::uint64_t size_;
  Verifier verifier_;
  std::uint64_t next_tile_ = 0;
  std::vector<Finding> tile_findings_;
};

}  // namespace

Result<BundleReport> verify_bundle(const std::string& folder, std::string_view key_pem,
                                   const std::string& expected_origin) {
  CF_TRY(LogKey key, log_key_from_pem(key_pem, {}));
  CF_CHECK(need_folder(folder));
  CF_TRY(const auto files, entry_files(folder));
  std::vector<Finding> findings;
  const std::string origin = bundle_origin(folder, findings);
  const std::size_t before_note = findings.size();
  const std::string note = bundle_text(folder, "checkpoint", "V1", findings);
  const bool unread = findings.size() > before_note;
  if (files.empty() && origin.empty() && unread)
    return fail(Code::BadInput, folder + " is no bundle: it has no origin, no checkpoint and no entries");
  if (!expected_origin.empty() && !origin.empty() && origin != expected_origin)
    findings.push_back(
        {"V2", 0, "the bundle is of another log (" + origin + ", expected " + expected_origin + ")"});
  const Result<Checkpoint> claimed = read_checkpoint(note);
  key.name = !expected_origin.empty() ? expected_origin
             : !origin.empty()        ? origin
             : claimed                ? claimed->origin
                                      : "";
  const Result<Checkpoint> opened = open_checkpoint(note, key);
  BundleCheck check(folder, std::move(key), opened ? opened->size : 0);
  CF_CHECK(check.lines(files));
  return check.report(origin, note, unread, std::move(findings));
}

Status for_each_entry(const std::string& folder,
                      const std::function<Status(std::uint64_t, const Entry&)>& each) {
  CF_CHECK(need_folder(folder));
  CF_TRY(const auto files, entry_files(folder));
  std::uint64_t seq = 0;
  for (const auto& [start, path] : files) {
    CF_TRY(LineReader reader, LineReader::open(path));
    for (;;) {
      CF_TRY(const std::optional<LineReader::Line> line, reader.next());
      if (!line) break;
      CF_TRY(const Entry entry, decode_entry(line->text));
      CF_CHECK(each(seq++, entry));
    }
  }
  return {};
}

}  // namespace counterfoil::proof
