#!/bin/sh
# Records what the test kernel prints under Debian's Bochs (packages bochs, bochsbios, vgabios, bochs-term) into bochs.txt.gz.
# Needed only after the kernel was changed.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sh ./build-kernel.sh "$work/kernel"
objcopy -O binary --set-section-flags .bss=alloc,load,contents "$work/kernel" "$work/flat"
sectors=$((($(stat -c %s "$work/flat") + 511) / 512))
entry=$(readelf -h "$work/kernel" | awk '/Entry/ { print $4 }')
gcc -m32 -c "-DSECTORS=$sectors" "-DENTRY=$entry" bochs-boot.S -o "$work/boot.o"
ld -m elf_i386 -Ttext=0x7c00 --oformat binary -e _boot -o "$work/boot" "$work/boot.o"
cat "$work/boot" "$work/flat" > "$work/disk"
truncate -s $((20 * 16 * 63 * 512)) "$work/disk"
cat > "$work/bochsrc" <<END
megs: 32
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
ata0-master: type=disk, path=$work/disk, mode=flat, cylinders=20, heads=16, spt=63
boot: disk
display_library: term
port_e9_hack: enabled=1
cpu: model=p3_katmai, count=1, ips=50000000, reset_on_triple_fault=0, ignore_bad_msrs=0
log: $work/log
panic: action=fatal
END
echo c > "$work/commands"
# Bochs does not end by itself: the kernel is done within a few seconds.
TERM=vt100 timeout 40 script -qfc "bochs -q -f $work/bochsrc -rc $work/commands" "$work/out" > /dev/null 2>&1 < /dev/null || true
sed 's/\r//g; s/\x1b\[[0-9;?]*[a-zA-Z]//g' "$work/out" | sed -n '/^descriptor 0 level 0/,/^end$/p' | gzip -9n > bochs.txt.gz
zcat bochs.txt.gz | tail -1
