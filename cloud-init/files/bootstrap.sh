#!/bin/bash
# Brings the machine to what /etc/ethstake and the units beside it say. First boot runs it; running it again changes nothing.
set -euo pipefail
. /etc/ethstake/host.conf

/usr/local/lib/ethstake/install-docker
usermod --append --groups docker "$HOST_USER"

systemctl daemon-reload
systemctl restart systemd-sysctl.service
# Debian's own service flushes every table, Docker's too.
systemctl disable --quiet --now nftables.service
systemctl enable --quiet ethstake-firewall.service ethstake-egress.service ethstake-data.service
# A reload replaces the whole table in one transaction. A restart would take Docker down with it.
systemctl reload-or-restart ethstake-firewall.service
systemctl start ethstake-egress.service ethstake-data.service

systemctl enable --quiet --now docker.service
# An engine that started before its settings were written does not have this one.
if [ "$(docker info --format '{{.LiveRestoreEnabled}}')" != true ]; then
  systemctl restart docker.service
fi

/usr/sbin/sshd -t
if systemctl --quiet is-active ssh.socket; then
  # Ubuntu makes the socket's port from sshd's settings.
  systemctl restart ssh.socket
else
  systemctl reload-or-restart ssh.service
fi
systemctl enable --quiet --now chrony.service unattended-upgrades.service
systemctl enable --quiet fail2ban.service
systemctl reload-or-restart fail2ban.service
