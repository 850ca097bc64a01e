// SPDX-License-Identifier: Apache-2.0
// Copyright The Counterfoil Authors

#include "pages/qr.h"

#include "pages/template.h"

#include <qrcodegen/qrcodegen.hpp>

#include <algorithm>
#include <array>
#include <exception>
#include <optional>

namespace counterfoil::pages::qr {
namespace {

constexpr int kQuietZone = 4;  // modules, ISO/IEC 18004 section 6.3.8
constexpr int kModulePxMax = 64;

/// A code with its quiet zone: size() x size() modules, dark() false outside the code.
class Grid {
 public:
  static Result<Grid> of(std::string_view text) {
    try {
      return Grid(qrcodegen::QrCode::encodeText(std::string(text).c_str(), qrcodegen::QrCode::Ecc::QUARTILE));
    } catch (const std::exception&) {
      return fail(Code::Limit, "the text is too long for a QR code");
    }
  }
  [[nodiscard]] int size() const { return code_.getSize() + 2 * kQuietZone; }
  [[nodiscard]] bool dark(int x, int y) const { return code_.getModule(x - kQuietZone, y - kQuietZone); }

 private:
  explicit Grid(qrcodegen::QrCode code) : code_(std::move(code)) {}
  qrcodegen::QrCode code_;
};

/// Path data: one rectangle for each run of dark modules in a row.
std::string path_of(const Grid& grid) {
  std::string out;
  for (int y = 0; y < grid.size(); ++y) {
    for (int x = 0; x < grid.size(); ++x) {
      if (!grid.dark(x, y)) continue;
      int run = 1;
      while (grid.dark(x + run, y)) ++run;
      out += "M" + std::to_string(x) + " " + std::to_string(y) + "h" + std::to_string(run) + "v1h-" +
             std::to_string(run) + "z";
      x += run;
    }
  }
  return out;
}

std::string svg_with(const Grid& grid, const std::string& attributes) {
  const std::string size = std::to_string(grid.size());
  return "<svg " + attributes + " viewBox=\"0 0 " + size + " " + size +
         "\" shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h" + size + "v" + size +
         "H0z\"/><path fill=\"#000\" d=\"" + path_of(grid) + "\"/></svg>";
}

void put_u32(Bytes& out, std::uint32_t value) {
  for (unsigned shift : {24U, 16U, 8U, 0U}) out.push_back(static_cast<std::uint8_t>(value >> shift));
}

std::uint32_t crc32(ByteView data) {
  std::uint32_t crc = 0xffffffffU;
  for (const std::uint8_t byte : data) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0xedb88320U : 0U);
  }
  return ~crc;
}

std::uint32_t adler32(ByteView data) {
  std::uint32_t a = 1;
  std::uint32_t b = 0;
  for (const std::uint8_t byte : data) {
    a = (a + byte) % 65521U;
    b = (b + a) % 65521U;
  }
  return (b << 16U) | a;
}

void put_chunk(Bytes& png, std::string_view type, ByteView data) {
  put_u32(png, static_cast<std::uint32_t>(data.size()));
  const std::size_t checked_from = png.size();
  for (const char c : type) png.push_back(static_cast<std::uint8_t>(c));
  png.insert(png.end(), data.begin(), data.end());
  put_u32(png, crc32(ByteView(png).subspan(checked_from)));
}

/// A zlib stream of stored blocks (RFC 1950, RFC 1951 section 3.2.4): no compressor needed.
Bytes stored_zlib(ByteView data) {
  constexpr std::size_t kBlockMax = 65535;
  Bytes out = {0x78, 0x01};
  for (std::size_t at = 0; at < data.size(); at += kBlockMax) {
    const std::size_t length = std::min(kBlockMax, data.size() - at);
    out.push_back(at + length == data.size() ? 1 : 0);
    for (const std::size_t field : {length, ~length & 0xffffU}) {
      out.push_back(static_cast<std::uint8_t>(field & 0xffU));
      out.push_back(static_cast<std::uint8_t>(field >> 8U));
    }
    const ByteView block = data.subspan(at, length);
    out.insert(out.end(), block.begin(), block.end());
  }
  put_u32(out, adler32(data));
  return out;
}

/// One byte of filter type, then one bit per pixel, for each row.
Bytes rows_of(const Grid& grid, int module_px) {
  const int edge = grid.size() * module_px;
  Bytes rows;
  for (int y = 0; y < edge; ++y) {
    rows.push_back(0);
    for (int x = 0; x < edge; x += 8) {
      unsigned byte = 0;
      for (int bit = 0; bit < 8; ++bit) {
        const bool light = x + bit >= edge || !grid.dark((x + bit) / module_px, y / module_px);
        byte = (byte << 1U) | (light ? 1U : 0U);
      }
      rows.push_back(static_cast<std::uint8_t>(byte));
    }
  }
  return rows;
}

}  // namespace

Result<std::string> svg(std::string_view text, std::string_view label) {
  CF_TRY(const Grid grid, Grid::of(text));
  return svg_with(grid, "class=\"qr\" role=\"img\" aria-label=\"" + Html::escaped(label).text() + "\"");
}

Result<std::string> svg_file(std::string_view text) {
  CF_TRY(const Grid grid, Grid::of(text));
  return svg_with(grid, "xmlns=\"http://www.w3.org/2000/svg\"") + "\n";
}

Result<std::string> terminal(std::string_view text) {
  CF_TRY(const Grid grid, Grid::of(text));
  // Light modules are drawn, dark ones left as the terminal's ground, hence the fixed colours around.
  constexpr std::array<std::string_view, 4> kHalves = {"█", "▀", "▄", " "};
  std::string out;
  for (int y = 0; y < grid.size(); y += 2) {
    out += "\x1b[97;40m";
    for (int x = 0; x < grid.size(); ++x) {
      const bool upper_dark = grid.dark(x, y);
      const bool lower_dark = y + 1 < grid.size() ? grid.dark(x, y + 1) : true;
      out += kHalves[(upper_dark ? 2U : 0U) + (lower_dark ? 1U : 0U)];
    }
    out += "\x1b[0m\n";
  }
  return out;
}

Result<Bytes> png(std::string_view text, int module_px) {
  if (module_px < 1 || module_px > kModulePxMax) return fail(Code::BadInput, "a module has 1 to 64 pixels");
  CF_TRY(const Grid grid, Grid::of(text));
  const auto edge = static_cast<std::uint32_t>(grid.size() * module_px);
  Bytes out = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  Bytes header;
  put_u32(header, edge);
  put_u32(header, edge);
  for (const unsigned char field : Bytes{1, 0, 0, 0, 0}) header.push_back(field);  // 1 bit grey, no interlace
  put_chunk(out, "IHDR", header);
  put_chunk(out, "IDAT", stored_zlib(rows_of(grid, module_px)));
  put_chunk(out, "IEND", {});
  return out;
}

}  // namespace counterfoil::pages::qr
