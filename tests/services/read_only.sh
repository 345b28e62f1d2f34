#!/bin/sh
# read_only.sh ROOT DATA KEYS PYTHON COMMAND...   (as root, in a mount namespace of its own: unshare --mount)
# Runs a command as a container of compose.yaml does: nobody in particular, no capabilities, and a file
# system that can be written at /tmp, /data and /keys alone. ROOT is an empty folder to build it in.
set -eu
root=$1 data=$2 keys=$3 python=$4
shift 4
prefix=$("$python" -c 'import os, sys; print(os.path.realpath(sys.prefix))')
base=$("$python" -c 'import os, sys; print(os.path.realpath(sys.base_prefix))')

mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs "$root"
give() {
    mkdir -p "$root$2"
    mount --rbind "$1" "$root$2"
    test "$3" = rw || mount -o remount,bind,ro "$root$2"
}
for folder in /usr /bin /sbin /lib /lib64 /etc; do
    if [ -L "$folder" ]; then cp -P "$folder" "$root$folder"; else give "$folder" "$folder" ro; fi
done
# First of all: the checkout and its interpreter may stand below it.
mkdir "$root/tmp"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
give /dev /dev rw
give /proc /proc rw
give "$base" "$base" ro
give "$prefix" "$prefix" ro
give "$PWD" /app ro
for folder in "$data" "$keys"; do
    mkdir -p "$folder"
    chown 10001:10001 "$folder"
done
give "$data" /data rw
give "$keys" /keys rw
mount -o remount,ro "$root"

cd /
exec chroot "$root" setpriv --reuid=10001 --regid=10001 --clear-groups --no-new-privs \
    --inh-caps=-all --bounding-set=-all env --chdir=/app HOME=/home/chofesh PATH="$prefix/bin:/usr/bin:/bin" \
    PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 CHOFESH_DATA_DIR=/data CHOFESH_KEYS_DIR=/keys "$@"
