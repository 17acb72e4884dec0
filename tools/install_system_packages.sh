#!/bin/sh
# Installs the Debian/Ubuntu packages that mcugen's default path and its tests need, if any is missing. Quiet when all are there.
set -eu

missing=""
need() { # program package...
    program=$1
    shift
    command -v "$program" >/dev/null 2>&1 || missing="$missing $*"
}
need arm-none-eabi-gcc gcc-arm-none-eabi libnewlib-arm-none-eabi
need qemu-system-arm qemu-system-arm
need gcc gcc libc6-dev
need clang clang
python3 -c 'import ensurepip' >/dev/null 2>&1 || missing="$missing python3-venv"
if command -v arm-none-eabi-gcc >/dev/null 2>&1; then
    [ -n "$(find "$(arm-none-eabi-gcc -print-sysroot)/" -name stdint.h 2>/dev/null | head -n 1)" ] ||
        echo '#include <string.h>' | arm-none-eabi-gcc -E - >/dev/null 2>&1 || missing="$missing libnewlib-arm-none-eabi"
fi
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "missing:$missing. This is no Debian or Ubuntu: install them with your package manager." >&2
    exit 3
fi
as_root=""
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null 2>&1 || {
        echo "missing:$missing. Install them as root: apt-get install$missing" >&2
        exit 3
    }
    as_root=sudo
fi
echo "installing:$missing" >&2
$as_root apt-get update -qq
# shellcheck disable=SC2086  # a list of package names
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing
