#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The Counterfoil Authors
# Runs as root inside the Debian 13 root, under its own systemd (see tools/debian13): installs the package, sets the
# box up as the operator's guide says, starts and uses it, purges it. The last line says "trial: passed" or why not.
set -euo pipefail
export PATH=/usr/sbin:/usr/bin DEBIAN_FRONTEND=noninteractive
host=box.tresfaroles.example
address=https://$host
ca=/root/ca.pem
ok() { echo "ok $*"; }
explain() {
  echo "trial: failed at line $1"
  systemctl --no-pager status 'counterfoild*' || true
  journalctl --no-pager -o cat -n 60 -u counterfoild.service -u 'counterfoild-*.socket' || true
  echo "trial: failed"
}
trap 'explain $LINENO' ERR

# page PATH: the status of a page, over TLS 1.3 and nothing else, with the certificate checked.
page() {
  curl -sS -o /root/page.html -w '%{http_code}' --max-time 10 --tlsv1.3 --cacert "$ca" \
    --resolve "$host:443:127.0.0.1" "$address$1"
}

make_certificate() {
  openssl ecparam -genkey -name prime256v1 -noout -out /root/ca.key
  openssl req -x509 -new -key /root/ca.key -days 2 -subj '/CN=trial' -out "$ca"
  openssl ecparam -genkey -name prime256v1 -noout -out /etc/counterfoil/tls/key.pem
  openssl req -new -key /etc/counterfoil/tls/key.pem -subj "/CN=$host" -out /root/box.csr
  openssl x509 -req -in /root/box.csr -CA "$ca" -CAkey /root/ca.key -CAcreateserial -days 1 \
    -extfile <(echo "subjectAltName=DNS:$host") -out /etc/counterfoil/tls/chain.pem
  chgrp counterfoil /etc/counterfoil/tls/key.pem
  chmod 0640 /etc/counterfoil/tls/key.pem
}

dpkg -i /counterfoil.deb
id counterfoil >/dev/null
[ "$(stat -c '%U %a' /var/lib/counterfoil)" = 'counterfoil 700' ]
[ "$(systemctl is-active counterfoild.service || true)" = inactive ]
ok "installed, and nothing was started"

make_certificate
# The kernel of this trial cannot say whether its clock is synchronised, so the operator vouches for it.
sed -e 's/EXAMPLE\.//' -e 's/^clock_trusted = .*/clock_trusted = true/' \
  /usr/share/doc/counterfoil/examples/counterfoil.toml >/etc/counterfoil/counterfoil.toml
(cd / && runuser -u counterfoil -- counterfoil init)
ok "set up"

systemctl enable --now counterfoild.service
systemctl is-active counterfoild.service
daemon=$(systemctl show -p MainPID --value counterfoild.service)
[ "$(ps -o user= -p "$daemon")" = counterfo+ ] || [ "$(stat -c %U "/proc/$daemon")" = counterfoil ]
grep -qx 'CapEff:[[:space:]]*0*' "/proc/$daemon/status"
grep -qE '^Max core file size +0 +0 ' "/proc/$daemon/limits"
ok "started without any capability and without core files"

counterfoil status
[ "$(page /o/caja)" = 200 ]
grep -q 'Tres Faroles' /root/page.html
ok "status is well, the customer page came over TLS 1.3"

systemctl restart counterfoild.service
daemon=$(systemctl show -p MainPID --value counterfoild.service)
[ "$(page /o/caja)" = 200 ]
counterfoil verify
ok "restarted, and the ledger verifies"

dpkg --purge counterfoil
left=$(find /etc/counterfoil /var/lib/counterfoil /run/counterfoil /usr/bin/counterfoil* /usr/share/doc/counterfoil \
  /usr/lib/systemd/system/counterfoil* /etc/systemd/system/*/counterfoil* "/proc/$daemon" -maxdepth 0 2>/dev/null || true)
[ -z "$left" ]
if curl -sS --max-time 3 --cacert "$ca" --resolve "$host:443:127.0.0.1" "$address/" >/dev/null 2>&1; then false; fi
ok "purged, nothing is left"
echo "trial: passed"
