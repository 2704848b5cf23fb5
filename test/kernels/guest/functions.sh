# The words of a scenario, whose script begins with them and with `set -e`: a step that fails ends it.

# Where memory cgroups are, and which version: v1 or v2.
if [ -d /sys/fs/cgroup/memory ]; then HIERARCHY=v1 MEMORY=/sys/fs/cgroup/memory; else HIERARCHY=v2 MEMORY=/sys/fs/cgroup; fi

# Where the kubelet keeps a directory for each pod.
KUBELET_PODS=/var/lib/kubelet/pods

# look NAME: packs what kmemscope reads and, where Node is, lets it judge the node it runs on.
look() {
  echo "lab: look $SCENARIO $1 $(cut -d' ' -f1 /proc/uptime)"
  pack /run/out "$SCENARIO/$1/tree" </lab/reads
  [ -x /node/bin/node ] || return 0
  mkdir -p /run/look
  status=0
  kmemscope diagnose -o json >/run/look/report.json 2>/run/look/stderr || status=$?
  echo "$status" >/run/look/status
  printf '/run/look/%s\n' report.json stderr status | pack /run/out "$SCENARIO/$1"
  asked "$1"
}

# asked NAME: what else is asked at look NAME; the script of a scenario has its own.
asked() { :; }

# answer NAME QUESTION WORDS…: asks kmemscope in these words; its answer is packed beside the report of look NAME.
answer() {
  at=$1 question=$2
  shift 2
  status=0
  kmemscope "$@" -o json >"/run/look/$question.json" 2>"/run/look/$question.stderr" || status=$?
  echo "$status" >"/run/look/$question.status"
  printf "/run/look/$question.%s\n" json stderr status | pack /run/out "$SCENARIO/$at"
}

# keep NAME PATTERN…: packs more files, into the tree of look NAME.
keep() {
  kept=$1
  shift
  printf '%s\n' "$@" | pack /run/out "$SCENARIO/$kept/tree"
}

# said TEXT…: a line of the boot's output.
said() { echo "lab: said $SCENARIO $*"; }

# memcg PATH [LIMIT]: makes a memory cgroup and those above it, with a limit in bytes; prints its directory.
memcg() {
  here=$MEMORY
  for part in $(echo "$1" | tr / ' '); do
    [ "$HIERARCHY" = v1 ] || grep -qw memory "$here/cgroup.subtree_control" || echo +memory >"$here/cgroup.subtree_control"
    here=$here/$part
    [ -d "$here" ] || mkdir "$here"
  done
  if [ -n "${2-}" ]; then
    if [ "$HIERARCHY" = v1 ]; then echo "$2" >"$here/memory.limit_in_bytes"; else echo "$2" >"$here/memory.max"; fi
  fi
  echo "$here"
}

# pod UID CONTAINER [LIMIT] [POD-LIMIT]: the container's memory cgroup where the kubelet makes it, v1 as the cgroupfs
# driver names it, v2 as systemd does; prints its directory. The kubelet's own directory of the pod says that there is one.
pod() {
  mkdir -p "$KUBELET_PODS/$1"
  if [ "$HIERARCHY" = v1 ]; then
    above=kubepods/burstable/pod$1 container=$2
  else
    above=kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod$(echo "$1" | tr - _).slice container=cri-containerd-$2.scope
  fi
  memcg "$above" "${4-}" >/dev/null
  memcg "$above/$container" "${3-}"
}

# within DIRECTORY COMMAND…: runs a command in a memory cgroup.
within() {
  cgroup=$1
  shift
  sh -c 'echo 0 >"$0/cgroup.procs" && exec "$@"' "$cgroup" "$@"
}

# until_so SECONDS COMMAND…: asks until the command succeeds, for so long at most.
until_so() {
  left=$(($1 * 5))
  shift
  while ! "$@"; do
    left=$((left - 1))
    [ "$left" -gt 0 ] || return 1
    sleep 0.2
  done
}

# end_pods: ends all tasks of the pods, takes their directories and memory cgroups away and waits until the kernel has freed them, so
# that what comes next in this boot starts as the first did.
end_pods() {
  for top in "$MEMORY/kubepods" "$MEMORY/kubepods.slice"; do
    [ -d "$top" ] || continue
    until_so 20 killed_all "$top"
    until_so 20 removed_all "$top"
  done
  [ ! -d "$KUBELET_PODS" ] || find "$KUBELET_PODS" -mindepth 1 -xdev -depth -type d -exec rmdir {} \; 2>/dev/null
  until_so 20 none_dying
}

killed_all() {
  pids=$(find "$1" -name cgroup.procs -exec cat {} +)
  [ -z "$pids" ] || { kill -9 $pids 2>/dev/null; false; }
}

removed_all() {
  find "$1" -depth -type d -exec rmdir {} \; 2>/dev/null
  [ ! -d "$1" ]
}

# Without a counter of its own v1 counts the dying in num_cgroups, among those that have a directory.
none_dying() {
  if [ "$HIERARCHY" = v2 ]; then
    grep -qx 'nr_dying_descendants 0' "$MEMORY/cgroup.stat"
  else
    [ "$(awk '$1 == "memory" { print $3 }' /proc/cgroups)" -eq "$(find "$MEMORY" -type d | wc -l)" ]
  fi
}
