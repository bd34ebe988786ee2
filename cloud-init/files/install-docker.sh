#!/bin/bash
# Docker and compose v2 from the distribution, whose security updates then cover them. Debian names compose v2
# docker-compose since 13, Ubuntu docker-compose-v2; Debian 12 has only v1, which cannot wait for health.
set -euo pipefail
if command -v dockerd >/dev/null && docker --version >/dev/null 2>&1 && docker compose version >/dev/null 2>&1; then
  exit 0
fi
export DEBIAN_FRONTEND=noninteractive

candidate() {
  apt-cache policy "$1" | sed -n 's/^  Candidate: //p' | grep -v '^(none)$' || true
}

packages=(docker.io)
# Debian packages the command line apart, Ubuntu does not.
if [ -n "$(candidate docker-cli)" ]; then packages+=(docker-cli); fi
if [ -n "$(candidate docker-compose-v2)" ]; then
  packages+=(docker-compose-v2)
else
  version=$(candidate docker-compose)
  case $version in
    '' | 0* | 1.*)
      echo "install-docker: no compose v2 here (docker-compose is '${version:-missing}'): use Debian 13 or Ubuntu 22.04 and newer" >&2
      exit 1
      ;;
  esac
  packages+=(docker-compose)
fi
apt-get install --yes --quiet --no-install-recommends "${packages[@]}"
