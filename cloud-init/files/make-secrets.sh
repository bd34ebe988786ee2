#!/bin/bash
# Makes secret files that are missing: random bytes as hex on one line. One that exists is never touched, whatever is in it.
#   make-secrets <list      a line each: PATH MODE BYTES, e.g. /var/lib/ethstake/nodes/node-1/jwt.hex 0400 32
set -euo pipefail
. /etc/ethstake/host.conf
owner=${SECRETS_OWNER:-$HOST_USER}

fail() {
  echo "make-secrets: $1" >&2
  exit 1
}

while read -r path mode bytes rest || [ -n "${path:-}" ]; do
  if [ -z "$path" ]; then continue; fi
  [[ $path == /* && $path != */ && $path != *..* ]] || fail "not an absolute path: $path"
  [[ ${mode:-} =~ ^0?[0-7][04]0$ ]] || fail "mode of $path must keep others out: ${mode:-missing}"
  [[ ${bytes:-} =~ ^[1-9][0-9]{1,3}$ && $bytes -ge 16 && -z $rest ]] || fail "bytes of $path must be 16 or more: ${bytes:-missing} $rest"
  if [ -e "$path" ] || [ -L "$path" ]; then continue; fi
  folder=$(dirname "$path")
  [ -d "$folder" ] || install --directory --owner "$owner" --group "$owner" --mode 0750 "$folder"
  temporary=$(mktemp "$folder/.secret.XXXXXX")
  trap 'rm -f "$temporary"' EXIT
  od --address-radix=n --format=x1 --read-bytes="$bytes" /dev/urandom | tr -d ' \n' >"$temporary"
  chown "$owner:$owner" "$temporary"
  chmod "$mode" "$temporary"
  sync "$temporary"
  # A hard link fails where a rename would replace: two runs at once leave the first one's secret.
  ln "$temporary" "$path" 2>/dev/null || [ -e "$path" ] || fail "cannot make $path"
  rm -f "$temporary"
done
