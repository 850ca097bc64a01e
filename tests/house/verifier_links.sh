#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The Counterfoil Authors
# counterfoil-verify is for strangers: no database, no sockets, no writer code in it.
set -euo pipefail
program=${CF_BIN_DIR:?}/counterfoil-verify
[ -x "$program" ] || {
  echo "there is no $program: tools/test builds it" >&2
  exit 1
}
# Read first, judged afterwards: a tool that fails must not look like a program without needs.
symbols=$(nm -D --undefined-only "$program")
needs=$(objdump -p "$program")
wrong=$(grep -E ' (socket|connect|bind|listen|accept4?|getaddrinfo|sendto|recvfrom|sqlite3_[a-z_]*)(@|$)' <<<"$symbols" || true)
wrong+=$(grep -E 'NEEDED.*(sqlite|httplib|libssl|libcrypto|phonenumber|libicu|mbedtls)' <<<"$needs" || true)
[ -z "$wrong" ] || {
  echo "counterfoil-verify must not need:" >&2
  echo "$wrong" >&2
  exit 1
}
