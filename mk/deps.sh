#!/bin/sh
# SPDX-License-Identifier: MIT
# Install the packages listed in the file given, if any is missing.  Asks the network for
# nothing when all are there.
set -eu

wanted=$(sed 's/#.*//' "$1" | xargs)
missing=
for package in $wanted; do
    status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
        echo "make deps: missing packages, and neither root nor sudo to install them:$missing" >&2
        exit 1
    }
    as_root='sudo'
fi

echo "make deps: installing$missing"
install() {
    # shellcheck disable=SC2086
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 \
        install -y --no-install-recommends $missing
}
# A fresh machine has no package lists, a neglected one has stale ones.
install || { $as_root apt-get -o DPkg::Lock::Timeout=300 update && install; }
