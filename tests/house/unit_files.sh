#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The Counterfoil Authors
# The systemd units parse without a complaint, and the daemon's exposure stays at 2.0 of 10 or below.
set -euo pipefail
units=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../../firmware/systemd" && pwd -P)
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
