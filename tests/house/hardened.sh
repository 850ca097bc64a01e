#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The Counterfoil Authors
# The shipped programs are position independent, fully relocated read-only, without an executable stack, and link
# neither libssl nor libcrypto themselves (one TLS stack of our own choosing).
set -euo pipefail
rc=0
complain() {
  echo "$1: $2" >&2
  rc=1
}
for name in "$@"; do
  program=${CF_BIN_DIR:?}/$name
  [ -x "$program" ] || {
    complain "$name" "not built: tools/test builds it"
    continue
  }
  headers=$(readelf -W -h -l -d "$program")
  grep -qE 'Type: +DYN' <<<"$headers" || complain "$name" "not position independent"
  grep -q 'GNU_RELRO' <<<"$headers" || complain "$name" "no RELRO"
  grep -qE 'BIND_NOW|Flags:.* NOW' <<<"$headers" || complain "$name" "lazy binding"
  grep -qE 'GNU_STACK.* RW ' <<<"$headers" || complain "$name" "executable stack"
  if grep -qE 'NEEDED.*(libssl|libcrypto)\.' <<<"$headers"; then complain "$name" "links OpenSSL"; fi
done
exit "$rc"
