#!/usr/bin/env bash
# GCC 12.2: a folder given as -iquote is not searched first when -isystem or -idirafter names it too.
#
# Expected: the GCC manual, "Options for Directory Search": for
#   #include "file" the folders of -iquote are searched before those of -I, and those of -isystem and -idirafter after both. A
#   repeated folder is said to be ignored only for -I (with -isystem or a standard folder). The preprocessor's manual,
#   "Search Path", says that duplicates are removed from the quote and the bracket chains before they are merged, so that a
#   folder given for both stays in both.
#
# Seen (x.h in quote/ and in other/, #include "x.h" in main.c, options -iquote quote -I other and the one named):
#   gcc (Debian 12.2.0-14+deb12u1) 12.2.0
#   gcc                none                int from_quote;
#   gcc                -I quote            int from_quote;
#   gcc                -isystem quote      int from_other;
#   gcc                -idirafter quote    int from_other;
#   Debian clang version 14.0.6
#   clang              none                int from_quote;
#   clang              -I quote            int from_quote;
#   clang              -isystem quote      int from_quote;
#   clang              -idirafter quote    int from_quote;
#   and with -v:
#   ignoring duplicate directory "quote"
#     as it is a non-system directory that duplicates a system directory
#
#   arm-none-eabi-gcc 12.2.1 does the same (checked here where it is installed). Without -v there is no word of it.
#
# Since: seen in 11.3.0 and 12.2.0; clang 14.0.6 keeps the folder. GCC's source removes such folders on purpose
#   (gcc/incpath.cc); the manual does not say so for -iquote.
#
# For who uses it: build systems that join the options of several libraries can end with one folder under both options; then a
#   header of the same name in any -I folder wins, silently. Give headers a unique prefix, or include them by a path.
#   (The headers of a generated module can meet this in a firmware's build.)
set -euo pipefail

for tool in gcc clang; do
    if ! command -v "$tool" > /dev/null; then
        echo "$tool is needed: apt-get install $tool (Debian 12 has GCC 12.2 and clang 14)" >&2
        exit 3
    fi
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir quote other
echo 'int from_quote;' > quote/x.h
echo 'int from_other;' > other/x.h
echo '#include "x.h"' > main.c

check() {  # compiler, the expected header, the added options
    local compiler=$1 expected=$2 seen
    shift 2
    seen=$("$compiler" -E -P -iquote quote -I other "$@" main.c)
    printf '%-18s %-19s %s\n' "$compiler" "${*:-none}" "$seen"
    [ "$seen" = "int from_$expected;" ] || { echo "the behaviour has changed: it was from_$expected" >&2; exit 1; }
}

compilers=(gcc)
if command -v arm-none-eabi-gcc > /dev/null; then compilers+=(arm-none-eabi-gcc); fi
for compiler in "${compilers[@]}"; do
    "$compiler" --version | sed -n 1p
    check "$compiler" quote
    check "$compiler" quote -I quote
    check "$compiler" other -isystem quote
    check "$compiler" other -idirafter quote
done
clang --version | sed -n 1p
check clang quote
check clang quote -I quote
check clang quote -isystem quote
check clang quote -idirafter quote

LC_ALL=C gcc -E -v -iquote quote -I other -idirafter quote main.c > /dev/null 2> log
grep -A 1 'ignoring duplicate directory "quote"' log
