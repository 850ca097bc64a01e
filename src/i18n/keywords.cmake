# SPDX-License-Identifier: Apache-2.0
# Copyright The Counterfoil Authors
# cmake -DOUT=keyword_table.cpp "-DFILES=keywords/en.txt;..." -P keywords.cmake: the lists of keywords become one table.
# A line that is not as keywords/platforms.txt describes stops the build with its place.
string(JOIN "|" sources "FCC 47 CFR 64\\.1200\\(a\\)\\(10\\)" "Twilio advanced-opt-out" "AWS keywords-required"
  "Telnyx advanced-opt-in-out" "Braze opt-in-opt-out" "OneSignal consent-keywords" "field use" "UI word" "proposal")
set(kind_stop StopAll)
set(kind_start Start)
set(kind_help Help)
set(check_checked true)
set(check_unchecked false)
set(rows "")
foreach(file IN LISTS FILES)
  get_filename_component(list ${file} NAME_WE)
  file(READ ${file} text)
  set(number 0)
  # Not a list of CMake's: that would lose count at a semicolon or a bracket.
  while(NOT text STREQUAL "")
    math(EXPR number "${number} + 1")
    string(REGEX MATCH "^[^\n]*\n?" line "${text}")
    string(LENGTH "${line}" length)
    string(SUBSTRING "${text}" ${length} -1 text)
    string(REGEX REPLACE "\n$" "" line "${line}")
    if(line MATCHES "^(#.*)?$")
      continue()
    endif()
    if(NOT line MATCHES "^(stop|start|help) \\| ([^|\"\\\\ ][^|\"\\\\]*) \\| (checked|unchecked) \\| (.*)$")
      message(FATAL_ERROR "${file}:${number}: not 'kind | text | checked or unchecked | sources'")
    endif()
    set(kind ${kind_${CMAKE_MATCH_1}})
    set(word "${CMAKE_MATCH_2}")
    set(check ${check_${CMAKE_MATCH_3}})
    set(source "${CMAKE_MATCH_4}")
    if(NOT source MATCHES "^(${sources})(, (${sources}))*$")
      message(FATAL_ERROR "${file}:${number}: '${source}' is no source that keywords/platforms.txt names")
    endif()
    string(APPEND rows "    {WishKind::${kind}, \"${word}\", \"${list}\", \"${source}\", ${check}},\n")
  endwhile()
endforeach()
file(WRITE ${OUT} "// Made by keywords.cmake from src/i18n/keywords/*.txt; change those.
#include \"i18n/keywords.h\"

namespace counterfoil::i18n {
namespace {
constexpr Keyword kKeywords[] = {
${rows}};
}  // namespace

std::span<const Keyword> keywords() {
  return kKeywords;
}

}  // namespace counterfoil::i18n
")
