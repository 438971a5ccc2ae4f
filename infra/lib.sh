# Shared by the scripts in this folder; sourced, not run.
# shellcheck shell=bash

say() {
    printf '\n== %s\n' "$*" >&2
}

# read_env FILE: exports NAME=VALUE lines as they stand; what the environment has already wins.
read_env() {
    local line name value
    while IFS= read -r line || [ -n "$line" ]; do
        case $line in
        '' | '#'*) continue ;;
        [A-Za-z_]*=*) ;;
        *)
            echo "$1: expected NAME=VALUE, found: $line" >&2
            exit 1
            ;;
        esac
        name=${line%%=*}
        value=${line#*=}
        case $value in
        \"*\") value=${value#\"} value=${value%\"} ;;
        \'*\') value=${value#\'} value=${value%\'} ;;
        esac
        [ -n "${!name+set}" ] || export "$name=$value"
    done <"$1"
}

# need_packages PACKAGE...: installs what is missing, as root or through sudo.
need_packages() {
    local missing=() package sudo=()
    for package in "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    if ! command -v apt-get >/dev/null; then
        echo "This script installs its packages with apt-get, which is not here. On Debian 12 they are: $*" >&2
        exit 1
    fi
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            echo "Missing packages: ${missing[*]}. Install them as root with: apt-get install ${missing[*]}" >&2
            exit 1
        fi
        sudo=(sudo)
    fi
    say "installing ${missing[*]}"
    "${sudo[@]}" apt-get update -qq
    if [[ " ${missing[*]} " = *' postgresql-'[0-9]* ]]; then
        without_cluster install_packages "${missing[@]}"
    else
        install_packages "${missing[@]}"
    fi
}

install_packages() {
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2
}

# without_cluster COMMAND...: the package of PostgreSQL makes a cluster and a service when it is installed for the first
# time. Nobody asked for those, so its own switch is off meanwhile; the file is afterwards what it was.
without_cluster() {
    local file=/etc/postgresql-common/createcluster.conf result=0
    install_packages postgresql-common
    [ -f "$file.telemetra" ] || "${sudo[@]}" cp -p "$file" "$file.telemetra" # there: an earlier run was cut off
    "${sudo[@]}" pg_conftool "$file" set create_main_cluster off >&2
    "$@" || result=$?
    "${sudo[@]}" mv "$file.telemetra" "$file"
    return $result
}

# need_localhost: every installed system knows that name; a bare root (debootstrap) does not, and chromedriver asks for it.
need_localhost() {
    getent hosts localhost >/dev/null && return 0
    if [ "$(id -u)" -ne 0 ]; then
        echo "This system does not know the name localhost: add the line '127.0.0.1 localhost' to /etc/hosts." >&2
        exit 1
    fi
    say "adding localhost to /etc/hosts"
    echo "127.0.0.1 localhost" >>/etc/hosts
}

# What building needs, and what the binary needs at run time through it.
BUILD_PACKAGES=(gcc g++ libc6-dev cmake ninja-build ccache pkg-config libconfig-dev libsimdjson-dev libsqlite3-dev
    libmicrohttpd-dev libxxhash-dev zlib1g-dev libwslay-dev nettle-dev)
# The three roles: Kafka, PostgreSQL, Redis.
BUILD_PACKAGES+=(librdkafka-dev libjansson-dev libpq-dev libhiredis-dev)
# The dashboard's charts.
BUILD_PACKAGES+=(libjs-dygraphs)
# The servers of the three roles, as infra/servers starts them; Maven fetches Kafka. The package redis-server would start a
# service of its own, and its program is in redis-tools.
SERVER_PACKAGES=(postgresql-15 postgresql-client-15 redis-tools maven openjdk-17-jre-headless curl)
# The tests build C with cmocka; the end-to-end tests and the oracle are Python's standard library.
# shellcheck disable=SC2034 # used by the scripts that source this
TEST_PACKAGES=("${BUILD_PACKAGES[@]}" libcmocka-dev python3 git)
# The dashboard is driven in a real browser.
TEST_PACKAGES+=(chromium chromium-driver)
# promtool for the alert rules, systemd-analyze for the units.
TEST_PACKAGES+=(prometheus systemd)
TEST_PACKAGES+=("${SERVER_PACKAGES[@]}")
# What infra/bench rest and live measure with and beside.
# shellcheck disable=SC2034
BENCH_PACKAGES=(wrk nginx-light nodejs node-ws util-linux)

# build PRESET [cmake option...]
build() {
    local preset=$1
    shift
    say "building ($preset)"
    cmake --preset "$preset" "$@" >&2
    cmake --build --preset "$preset" -j"$(nproc)" >&2
}
