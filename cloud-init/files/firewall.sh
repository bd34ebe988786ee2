#!/bin/bash
# Loads the firewall: /etc/ethstake/firewall.nft with the WAN interfaces and the resolvers of this moment. One transaction.
#   firewall               before the network is up: nothing known yet is fine
#   firewall --need-wan    before Docker starts: fails without a default route, and so Docker does not start
set -euo pipefail

wan=$( (ip -4 route show default && ip -6 route show default) 2>/dev/null |
  sed -n 's/.* dev \([^ ]*\).*/\1/p' | sort -u)
if [ "${1:-}" = --need-wan ] && [ -z "$wan" ]; then
  echo 'firewall: no default route, so the WAN interface is unknown' >&2
  exit 1
fi

# systemd-resolved shows programs its stub only; the real ones are in its own file.
resolvers=$({ cat /run/systemd/resolve/resolv.conf /etc/resolv.conf 2>/dev/null || true; } |
  sed -n 's/^nameserver \([0-9a-fA-F.:]*\).*/\1/p' | sort -u)

elements() { # set, words
  local list
  list=$(paste -sd, -)
  if [ -n "$list" ]; then echo "add element inet ethstake $1 { $list }"; fi
}

{
  cat /etc/ethstake/firewall.nft
  awk 'NF { print "\"" $1 "\"" }' <<<"$wan" | elements wan
  { grep -v : <<<"$resolvers" || true; } | elements resolver4
  { grep : <<<"$resolvers" || true; } | elements resolver6
} | nft -f -
