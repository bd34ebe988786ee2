#!/bin/bash
# Mounts the data volume at its folder; formats it only when it is blank. Whatever is on it that is not ours stays, and the
# script fails, so that neither Docker nor a node starts on the root disk with empty slashing protection.
#   data-disk            what /etc/ethstake/host.conf says
#   data-disk probe X    prints blank, ours or foreign for the device or file X
set -euo pipefail
shopt -s inherit_errexit # a device that cannot be read must not pass for a blank one
LABEL=ethstake-data

probe() {
  local found label
  found=$(wipefs --no-act --parsable --noheadings "$1") || return
  if [ -n "$found" ]; then
    label=$(blkid --probe --match-tag LABEL --output value "$1" || true)
    if [ "$label" = "$LABEL" ] && [ "$(blkid --probe --match-tag TYPE --output value "$1")" = ext4 ]; then
      echo ours
    else
      echo foreign
    fi
  elif [ -b "$1" ] && [ "$(lsblk --noheadings --list --output NAME "$1" | wc -l)" != 1 ]; then
    echo foreign # partitions, or something stacked on it
  elif ! cmp --silent --bytes=4194304 "$1" /dev/zero; then
    echo foreign # data without a signature: a raw database, or a key kept apart
  else
    echo blank
  fi
}

if [ "${1:-}" = probe ]; then
  probe "$2"
  exit
fi

. /etc/ethstake/host.conf
mkdir -p "$DATA_DIRECTORY"
if [ -n "$DATA_DEVICE" ] && ! mountpoint --quiet "$DATA_DIRECTORY"; then
  # Clouds attach volumes while the machine boots.
  for ((left = ${DATA_WAIT:-300}; left > 0; left--)); do
    if [ -b "$DATA_DEVICE" ]; then break; fi
    sleep 1
  done
  if [ ! -b "$DATA_DEVICE" ]; then
    echo "data-disk: $DATA_DEVICE did not appear: attach the volume, then: systemctl start ethstake-data docker" >&2
    exit 1
  fi
  device=$(readlink --canonicalize "$DATA_DEVICE")
  state=$(probe "$device")
  if [ "$state" = foreign ]; then
    echo "data-disk: $device holds data that is not ours and stays as it is: empty it (wipefs --all), or, if it is an ext4" \
      "filesystem to keep, name it: e2label $device $LABEL" >&2
    exit 1
  fi
  if [ "$state" = blank ]; then
    mkfs.ext4 -q -m 1 -L "$LABEL" "$device"
  fi
  uuid=$(blkid --probe --match-tag UUID --output value "$device")
  line="UUID=$uuid $DATA_DIRECTORY ext4 noatime,nofail,x-systemd.device-timeout=10s 0 2"
  if ! grep --quiet --fixed-strings --line-regexp "$line" /etc/fstab; then
    # Another volume's line for the same folder gives way.
    { awk -v folder="$DATA_DIRECTORY" '$2 != folder' /etc/fstab; echo "$line"; } >/etc/fstab.ethstake
    chmod 644 /etc/fstab.ethstake
    mv /etc/fstab.ethstake /etc/fstab
    systemctl daemon-reload
  fi
  mountpoint --quiet "$DATA_DIRECTORY" || mount "$device" "$DATA_DIRECTORY" -o noatime
fi
install --directory --owner "$HOST_USER" --group "$HOST_USER" --mode 0750 "$DATA_DIRECTORY" "$DATA_DIRECTORY/nodes"
