#!/bin/sh
# Builds the test kernel as a multiboot ELF file: build-kernel.sh <output>. Needs gcc with multilib.
set -eu
cd "$(dirname "$0")"
gcc -m32 -O1 -march=i686 -mno-sse -ffreestanding -fno-pic -no-pie -fno-stack-protector -fcf-protection=none \
  -fno-asynchronous-unwind-tables -Wall -nostdlib -static -Wl,--build-id=none -Wl,-n -Wl,-z,noexecstack \
  -T kernel.ld -o "$1" start.S main.c segments.c gates.c limits.c privilege.c exceptions.c vm86.c paging.c pae.c tasks.c debug.c
