# SPDX-License-Identifier: Apache-2.0
# Copyright The Counterfoil Authors
# cmake -DOUT=rule_packs.cpp -DDIR=src/app/rules -P embed_rules.cmake: the packs become one table of texts.
file(GLOB files ${DIR}/*.toml)
list(SORT files)
set(out "// Made by embed_rules.cmake from rules/; do not edit.\n#include \"app/rule_packs.h\"\n\n")
string(APPEND out "#include <array>\n\nnamespace counterfoil::app {\nnamespace {\nconstexpr std::array kPacks = {\n")
foreach(file IN LISTS files)
  get_filename_component(name ${file} NAME)
  file(READ ${file} text)
  string(APPEND out "    RulePack{\"${name}\", R\"cf_rules(${text})cf_rules\"},\n")
endforeach()
string(APPEND out "};\n}  // namespace\n\nstd::span<const RulePack> rule_packs() {\n  return kPacks;\n}\n\n}  // namespace counterfoil::app\n")
file(WRITE ${OUT} "${out}")
