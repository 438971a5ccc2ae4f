# Processes that a script starts and another call of it ends; sourced, not run. A pid counts only together with its start
# time, so that a pid which somebody else has by now is never hit.
# shellcheck shell=bash

# started_at PID: clock ticks from boot to its start (proc(5), field 22 of stat); false for the dead and for zombies.
started_at() {
    local stat fields
    # Not $(<FILE): of a file that is gone, bash 5.2 ends the script.
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
    stat=${stat##*) }
    [[ $stat != [ZX]* ]] || return 1
    read -ra fields <<<"$stat"
    echo "${fields[19]}"
}

# note_process FILE PID: false when it has ended already.
note_process() {
    local start
    start=$(started_at "$2") || return 1
    echo "$2 $start" >"$1"
}

# process_of FILE: the pid of what was noted; false when it does not run.
process_of() {
    local pid start
    [ -f "$1" ] || return 1
    read -r pid start <"$1" || return 1
    [ "$(started_at "$pid")" = "$start" ] || return 1
    echo "$pid"
}

# children_of PID: PostgreSQL has one for each connection and task, each with a session of its own.
children_of() {
    local file line
    for file in "/proc/$1/task/"*/children; do
        line=
        # The file has no newline at its end; a task that has ended has no file.
        if { read -r line <"$file"; } 2>/dev/null || [ -n "$line" ]; then
            printf '%s ' "$line"
        fi
    done
}

# signal NAME PID...: to each of them. One that has ended by itself is no failure; one that cannot be reached is.
signal() {
    local name=$1 pid
    shift
    for pid in "$@"; do
        if ! kill -s "$name" "$pid" 2>/dev/null && ! is_gone "$pid"; then
            echo "SIG$name cannot be sent to process $pid" >&2
            return 1
        fi
    done
}

# is_stopped PID: by SIGSTOP, which the kernel delivers a little later than `kill` returns.
is_stopped() {
    local state
    read -r _ state _ < <(grep '^State:' "/proc/$1/status" 2>/dev/null) || return 0
    [ "$state" = T ]
}

is_gone() {
    local pid
    for pid in "$@"; do
        ! started_at "$pid" >/dev/null || return 1
    done
}

# wait_for SECONDS COMMAND...: until it is true.
wait_for() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $deadline ] || return 1
        sleep 0.05
    done
}

# is_taken PORT: somebody listens there on 127.0.0.1.
is_taken() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}
