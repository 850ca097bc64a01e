# SPDX-License-Identifier: Apache-2.0
# Copyright The Counterfoil Authors
# cmake -DOUT=assets.cpp -DDIR=src/pages -P embed.cmake: templates, assets and what explains a receipt's record become
# one table of texts.
file(GLOB files ${DIR}/templates/*.mustache ${DIR}/assets/* ${DIR}/../ledger/receipt.*.json)
list(SORT files)
set(out "// Made by embed.cmake from templates/ and assets/; do not edit.\n#include \"pages/assets.h\"\n\n")
string(APPEND out "#include <array>\n\nnamespace counterfoil::pages {\nnamespace {\nconstexpr std::array kEmbedded = {\n")
foreach(file IN LISTS files)
  get_filename_component(name ${file} NAME)
  file(READ ${file} text)
  string(FIND "${text}" ")cf_asset\"" clash)
  if(NOT clash EQUAL -1)
    message(FATAL_ERROR "${name} holds the end mark of the raw string")
  endif()
  string(APPEND out "    Asset{\"${name}\", R\"cf_asset(${text})cf_asset\"},\n")
endforeach()
string(APPEND out "};\n}  // namespace\n\nstd::span<const Asset> embedded() {\n  return kEmbedded;\n}\n\n}  // namespace counterfoil::pages\n")
file(WRITE ${OUT} "${out}")
