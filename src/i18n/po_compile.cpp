// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

// po_compile OUT.cpp SOURCE.po TRANSLATION.po...
// Build-time program: checks the catalogues and writes them as the C++ tables of catalogue.h. Exits not 0
// with "file:line: what is wrong" when a translation is not complete, so that no build lacks a word.
#include "base/fd.h"
#include "base/limits.h"
#include "counterfoil/base/bytes.h"
#include "i18n/po_file.h"

#include <fstream>
#include <iostream>
#include <vector>

namespace {

using counterfoil::Code;
using counterfoil::fail;
using counterfoil::Result;
using counterfoil::Status;
using counterfoil::i18n::PoFile;

Result<PoFile> load(const std::string& path) {
  CF_TRY(const auto bytes, counterfoil::read_file(path, counterfoil::limits::kCatalogueBytesMax));
  return counterfoil::i18n::read_po(path, counterfoil::as_text(bytes));
}

/// Texts hold no quote and no control character (checked before), so only the backslash needs care.
std::string literal(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

void write_texts(std::ostream& out, const std::string& name, const std::vector<std::string_view>& texts) {
  out << "constexpr std::string_view " << name << "[] = {\n";
  for (const std::string_view text : texts) out << "    " << literal(text) << ",\n";
  out << "};\n";
}

void write_tables(std::ostream& out, const std::vector<PoFile>& files) {
  out << "// Made by po_compile from src/i18n/po/*.po; change those.\n"
         "#include \"i18n/catalogue.h\"\n\nnamespace counterfoil::i18n {\nnamespace {\n";
  std::vector<std::string_view> texts;
  for (const auto& [id, entry] : files.front().entries) texts.push_back(id);
  write_texts(out, "kCatalogueIds", texts);
  for (std::size_t column = 0; column < files.size(); ++column) {
    texts.clear();
    for (const auto& [id, entry] : files[column].entries)
      texts.push_back(column == 0 ? entry.english : entry.translation);
    write_texts(out, "kCatalogueTexts" + std::to_string(column), texts);
  }
  out << "constexpr CatalogueColumn kCatalogueColumns[] = {\n";
  for (std::size_t column = 0; column < files.size(); ++column)
    out << "    {" << literal(files[column].language) << ", "
        << (files[column].right_to_left ? "true" : "false") << ", kCatalogueTexts" << column << "},\n";
  out << "};\n}  // namespace\n\n"
         "std::span<const std::string_view> catalogue_ids() { return kCatalogueIds; }\n"
         "std::span<const CatalogueColumn> catalogue_columns() { return kCatalogueColumns; }\n\n"
         "}  // namespace counterfoil::i18n\n";
}

Status compile(const std::string& out_path, const std::vector<std::string>& po_paths) {
  std::vector<PoFile> files;
  for (const std::string& path : po_paths) {
    CF_TRY(files.emplace_back(), load(path));
  }
  CF_CHECK(counterfoil::i18n::check_source(files.front()));
  for (std::size_t i = 1; i < files.size(); ++i)
    CF_CHECK(counterfoil::i18n::check_translation(files.front(), files[i]));
  std::ofstream out(out_path, std::ios::binary | std::ios::trunc);
  write_tables(out, files);
  out.close();
  if (!out) return fail(Code::Io, out_path + ": cannot be written");
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  if (args.size() < 2) {
    std::cerr << "usage: po_compile OUT.cpp SOURCE.po [TRANSLATION.po ...]\n";
    return counterfoil::exit_status(Code::BadInput);
  }
  const Status done = compile(args.front(), {args.begin() + 1, args.end()});
  if (done) return 0;
  std::cerr << done.error().message() << "\n";
  return counterfoil::exit_status(done.error().code);
}
