# SPDX-License-Identifier: Apache-2.0
# Copyright The Counterfoil Authors
#
# Shared by the scripts beside it: source it after `set -euo pipefail`, never run it.
# Gives: cf_root, say, warn, die, cf_stage, cf_stage_table, cf_jobs, cf_build, cf_clean_env, cf_flag_value.
# shellcheck shell=bash

cf_root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
cf_logs=$cf_root/build/logs
cf_stage_names=()
cf_stage_seconds=()
export LC_ALL=C.UTF-8

say() { printf '%s\n' "$*"; }
warn() { printf '%s\n' "$*" >&2; }

# die MESSAGE [EXIT]: one clear sentence on standard error, then out.
die() {
  warn "${0##*/}: $1"
  exit "${2:-1}"
}

# cf_flag_value OPTION [VALUE]: prints VALUE, or stops where an option came without one.
cf_flag_value() {
  if [ $# -lt 2 ] || [ -z "$2" ]; then die "$1 needs a value; see --help" 2; fi
  printf '%s' "$2"
}

# cf_stage NAME COMMAND...: one line on the screen, everything else in build/logs/NAME.log; shows its end on failure.
# COMMAND may be a function: it runs in a subshell that stops at its first failing command. Never call this after `if`
# or before `||`: there bash lets a function run on past its errors.
cf_stage() {
  local name=$1 start=$SECONDS rc=0
  shift
  mkdir -p "$cf_logs"
  local log=$cf_logs/${name// /-}.log
  printf '%-28s ' "$name"
  set +e
  (
    set -e
    "$@"
  ) >"$log" 2>&1 </dev/null
  rc=$?
  set -e
  local took=$((SECONDS - start))
  cf_stage_names+=("$name")
  cf_stage_seconds+=("$took")
  if [ "$rc" -ne 0 ]; then
    printf 'FAILED after %d s\n' "$took"
    warn "--- last lines of ${log#"$cf_root"/} ---"
    tail -n 40 -- "$log" >&2
    warn "---"
    return "$rc"
  fi
  printf '%d s\n' "$took"
}

# cf_stage_table: the seconds of every stage so far, slow ones easy to spot.
cf_stage_table() {
  local i total=0
  say "seconds per stage:"
  for i in "${!cf_stage_names[@]}"; do
    printf '  %-28s %5d\n' "${cf_stage_names[$i]}" "${cf_stage_seconds[$i]}"
    total=$((total + cf_stage_seconds[i]))
  done
  printf '  %-28s %5d\n' "all" "$total"
}

# cf_jobs: as many compilers as cores, but never more than memory allows (about 1 GB each).
cf_jobs() {
  local cores memory_gb
  cores=$(nproc)
  memory_gb=$(awk '/^MemAvailable:/ { print int($2 / 1048576) }' /proc/meminfo)
  [ "${memory_gb:-1}" -ge 1 ] || memory_gb=1
  if [ "$memory_gb" -lt "$cores" ]; then printf '%s' "$memory_gb"; else printf '%s' "$cores"; fi
}

# cf_build PRESET [TARGET...]: configures when needed and builds; for use under cf_stage. A machine that builds once and
# for all (CI=true) reads common headers once for eight files; who changes a file would wait for the other seven.
cf_build() {
  local preset=$1 once=()
  shift
  if [ "${CI:-}" = true ] && [ "$preset" = dev ]; then once=(-DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=8); fi
  (cd "$cf_root" && cmake --preset "$preset" "${once[@]}" && cmake --build "build/$preset" -j "$(cf_jobs)" ${1:+--target "$@"})
}

# cf_clean_env COMMAND...: runs it without the variables that would make a client trust other certificates than told.
cf_clean_env() {
  env -u CURL_CA_BUNDLE -u REQUESTS_CA_BUNDLE -u SSL_CERT_FILE -u SSL_CERT_DIR -u NODE_EXTRA_CA_CERTS "$@"
}
