#!/bin/sh
# Runs a command in Debian's root with this machine's network, in fresh PID and mount namespaces.
#   toolbox.sh WORK LOWER STORE SOURCE COMMAND...
# WORK: an empty folder on a disk, the command's /build; LOWER: the root that Debian's packages make;
# STORE: becomes /var/lib/containers; SOURCE: becomes /src.
set -eu
work=$1 lower=$2 store=$3 source=$4
shift 4
mkdir -p "$work/upper" "$work/below" "$work/root"
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$work/upper,workdir=$work/below" "$work/root"
cd "$work/root"
mkdir -p var/lib/containers build src
mount -t proc proc proc
mount --rbind /sys sys
mount --rbind /dev dev
mount -t tmpfs -o mode=755 tmpfs run
mount --bind "$store" var/lib/containers
mount --bind "$work" build
mount --bind "$source" src
mount -o remount,bind,ro src
cp -L /etc/resolv.conf /etc/hosts etc/
pivot_root . mnt
exec /usr/sbin/chroot . /bin/sh -euc 'umount -l /mnt; cd /build; exec "$@"' sh "$@"
