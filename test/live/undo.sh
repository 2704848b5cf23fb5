#!/bin/sh
# undo.sh CGROUP DIRECTORY: waits until whoever holds the other end of standard input is gone, however it ended,
# then ends the processes below CGROUP, unmounts what is mounted below DIRECTORY and removes both, and cgroups of the
# same name in the other hierarchies, where a container runtime makes them.
cgroup=$1
directory=$2
name=${cgroup##*/}
cat >/dev/null

end_processes() {
  # in one piece, whatever the cgroups are called
  find "$cgroup" -name cgroup.procs -exec cat {} + 2>/dev/null | while read -r pid; do kill -9 "$pid" 2>/dev/null; done
}

left() {
  [ -d "$directory" ] && return 0
  for one in "$cgroup" /sys/fs/cgroup/*/"$name"; do [ -d "$one" ] && return 0; done
  return 1
}

tries=0
while left; do
  end_processes
  grep -o " $directory/[^ ]* " /proc/self/mountinfo | sort -ru | while read -r mount; do umount "$mount"; done
  rm -rf --one-file-system "$directory" 2>/dev/null
  for one in "$cgroup" /sys/fs/cgroup/*/"$name"; do
    [ ! -d "$one" ] || find "$one" -depth -type d -delete 2>/dev/null
  done
  tries=$((tries + 1))
  [ "$tries" -lt 100 ] || exit 1
  ! left || sleep 0.1
done
exit 0
