#!/bin/sh
# The node's first process, started in fresh PID, mount, network, IPC and UTS namespaces: makes a
# root of its own and the network's bridge, then only reaps. Whatever starts later has it as parent.
#   node-init.sh STATE LOWER API NODE HOSTNAME ADDRESS COMMAND...
# STATE: a folder on a disk; LOWER: the root that Debian's packages make; API, NODE: folders of
# programs; ADDRESS: the node's, with its prefix length; COMMAND: the node ends when it does.
set -eu
state=$1 lower=$2 api=$3 node=$4 hostname=$5 address=$6
shift 6
root=$state/root

mkdir -p "$state/upper" "$state/work" "$root" "$state/log" "$state/containerd" "$state/kubelet"
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$state/upper,workdir=$state/work" "$root"
cd "$root"
mkdir -p var/lib/kubelet var/lib/containerd opt/kubernetes/api opt/kubernetes/node
mount -t proc proc proc
mount -t sysfs sysfs sys
mount --rbind /sys/fs/cgroup sys/fs/cgroup
mount --rbind /dev dev
mount -t tmpfs -o mode=755 tmpfs run
# An overlay cannot lie upon another one, and images are large: both need the disk itself.
mount --bind "$state/containerd" var/lib/containerd
mount --bind "$state/kubelet" var/lib/kubelet
mount --bind "$state/log" var/log
mount --bind "$api" opt/kubernetes/api
mount --bind "$node" opt/kubernetes/node

# The kubelet sets these for the whole machine unless they have its values already. It shall read
# its values here, and the machine shall keep its own.
pretend() {
  echo "$2" > "run/$(basename "$1")"
  mount --bind "run/$(basename "$1")" "proc/sys/$1"
}
pretend vm/overcommit_memory 1
pretend vm/panic_on_oom 0
pretend kernel/panic 10
pretend kernel/panic_on_oops 1
pretend kernel/keys/root_maxkeys 1000000
pretend kernel/keys/root_maxbytes 25000000

pivot_root . mnt
exec /usr/sbin/chroot . /bin/sh -eu -c '
  umount -l /mnt
  mount --make-rshared /
  hostname "$1"
  ip link set lo up
  ip link add node0 type bridge
  ip address add "$2" dev node0
  ip link set node0 up
  echo 1 > /proc/sys/net/ipv4/ip_forward
  # A reply from a pod on the same bridge must pass the rules that the request passed.
  test ! -e /proc/sys/net/bridge/bridge-nf-call-iptables \
    || echo 1 > /proc/sys/net/bridge/bridge-nf-call-iptables
  : > /etc/resolv.conf
  : > /run/njst-node
  shift 2
  exec tini -- "$@"
' sh "$hostname" "$address" "$@"
