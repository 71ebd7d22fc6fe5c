#!/bin/sh
# What Kubernetes asks of a Redis pod, answered by what Kache has written into its Redis process:
#
#   redis-pod.sh ready   exits with 0 once Kache has declared this very process whole. One that has
#                        lost its memory is not, until Kache has brought back what it held.
#   redis-pod.sh stop    waits while Kache names other nodes that are not whole, at most for
#                        STOP_WAIT_SECONDS (300): they may need what this process holds.
#
# Environment: KEY_PREFIX, if Kache's is not "kache:"; REDISCLI_AUTH, a password, which redis-cli reads
# itself; REDIS_CLI_OPTIONS, its further options (--user, --tls and --cacert, -n).
set -eu

readonly prefix="${KEY_PREFIX:-kache:}m:"

ask() {
  # shellcheck disable=SC2086  # options, separated by blanks
  redis-cli ${REDIS_CLI_OPTIONS:-} "$@"
}

# What Kache has noted about this node: form, state, ring, run_id of the process that is meant, name.
read_marker() {
  # shellcheck disable=SC2046  # fields, separated by blanks
  set -- $(ask GET "${prefix}marker")
  form=${1:-} state=${2:-} meant=${4:-} name=${5:-}
}

ready() {
  run_id=$(ask INFO server | sed -n 's/^run_id:\([0-9a-f]*\).*/\1/p')
  read_marker
  if [ -z "$run_id" ]; then
    echo "Redis does not tell its run_id: $(ask PING 2>&1)"
  elif [ "$meant" != "$run_id" ]; then
    echo "Kache has not taken this Redis process into use yet"
  elif [ "$state" != whole ]; then
    echo "Kache is bringing this Redis process what it lacks"
  else
    return 0
  fi
  return 1
}

# The nodes that are not whole, but for this one.
others_not_whole() {
  read_marker
  [ "${form#kache}" != "$form" ] || return 0  # no answer, or an error
  for other in $(ask GET "${prefix}not-whole"); do
    [ "$other" = "$name" ] || printf '%s ' "$other"
  done
}

stop() {
  end=$(($(date +%s) + ${STOP_WAIT_SECONDS:-300}))
  while [ -n "$(others_not_whole)" ] && [ "$(date +%s)" -lt "$end" ]; do
    sleep 1
  done
}

case "${1:-}" in
  ready | stop) "$1" ;;
  *)
    echo "usage: redis-pod.sh ready | stop" >&2
    exit 2
    ;;
esac
