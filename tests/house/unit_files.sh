#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The Counterfoil Authors
# The systemd units parse without a complaint, the daemon's exposure stays at 2.0 of 10 or below, and the unit
# grants every thread that limits.h allows.
set -euo pipefail
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)
units=$root/firmware/systemd
scratch=$(mktemp -d)
trap 'rm -rf -- "$scratch"' EXIT
cp -- "$units"/* "$scratch"
# The program and the user exist only where the package is installed; everything else is judged as it is.
sed -i -e 's#^ExecStart=/usr/bin/counterfoild.*#ExecStart=/usr/bin/env true#' -e '/^\(User\|Group\)=/d' "$scratch"/*.service

said=$(systemd-analyze verify --man=no --recursive-errors=no "$scratch"/*.socket "$scratch"/*.service 2>&1 |
  grep -F -e counterfoil -e "$scratch" || true)
[ -z "$said" ] || {
  printf 'systemd-analyze verify complains:\n%s\n' "$said" >&2
  exit 1
}
for unit in "$units"/*.service; do
  report=$(systemd-analyze security --offline=yes --no-pager --threshold=20 "$unit" 2>&1) || {
    printf '%s\n' "$report" >&2
    exit 1
  }
  grep -F 'Overall exposure' <<<"$report"
done

# limit NAME: the number that src/base/limits.h gives it.
limit() { sed -n "s/^constexpr unsigned $1 = \([0-9]*\);.*/\1/p" "$root/src/base/limits.h"; }
pool=$(limit kServerThreadsMax)
stops=$(limit kStopThreads)
needed=$((${pool:?kServerThreadsMax is not in limits.h} + ${stops:?kStopThreads is not in limits.h} + 8))
granted=$(sed -n 's/^TasksMax=\([0-9]*\)$/\1/p' "$units/counterfoild.service")
[ "${granted:-0}" -ge "$needed" ] || {
  echo "counterfoild.service: TasksMax=${granted:-unset} is below the $needed threads that limits.h allows" >&2
  exit 1
}
echo "TasksMax=$granted for up to $needed threads"
