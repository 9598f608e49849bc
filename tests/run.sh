#!/usr/bin/env bash
# Runs every test of this repository: format, lints, build, unit tests, the tests that drive the
# built program from outside beside a real Prometheus, node_exporter and Chromium, and a short chaos
# run.
#
# It installs what those need and this machine lacks. It starts no service and takes no fixed
# port. It may be called from any folder, as root or not.
set -euo pipefail

usage() {
    cat <<'TEXT'
Usage: tests/run.sh [--quick | --only NAME | --soak | --tools | --peers]

  (nothing)    format, lints, build, all tests
  --quick      format, lints, build, unit tests: nothing is installed, nothing driven from outside
  --only NAME  build, and the tests whose name contains NAME
  --soak       all of it, then the long tests
  --tools      only install what is missing
  --peers      only unpack what benchmarks are measured beside: nginx, rsync and sshd

With CI=true a tool that cannot be had is a failure. Otherwise the tests that need it are skipped,
and say so. Full output is kept in target/test-logs.
TEXT
}

mode=all
only=
case "${1-}" in
    '') ;;
    --quick | --soak | --tools | --peers) mode=${1#--} ;;
    --only)
        mode=only
        only=${2:?"--only needs a name"}
        ;;
    -h | --help)
        usage
        exit 0
        ;;
    *)
        usage >&2
        exit 2
        ;;
esac

cd "$(dirname "${BASH_SOURCE[0]}")/.."
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
tools=$target/test-tools
logs=$target/test-logs
mkdir -p "$logs"

# Shows at most 1,500 lines of 400 characters, then the last 300: a test gone wild fills no log.
bounded() {
    awk '{ line = length($0) > 400 ? substr($0, 1, 400) " ..." : $0 }
         NR <= 1500 { print line; fflush(); next }
         { last[NR % 300] = line; count++ }
         END {
             if (count > 300) print "... " count - 300 " lines left out ..."
             for (n = count > 300 ? NR - 299 : 1501; n <= NR; n++) print last[n % 300]
         }'
}

# step NAME TITLE COMMAND...: runs a command under a title, keeps its output, shows its duration.
step() {
    local name=$1 title=$2 start=$SECONDS status=0
    shift 2
    printf '\n==> %s\n' "$title"
    "$@" 2>&1 </dev/null | tee "$logs/$name.log" | bounded || status=${PIPESTATUS[0]}
    if [ "$status" -ne 0 ]; then
        printf '==> %s: FAILED after %d s (exit status %d); all of it: %s\n' \
            "$title" $((SECONDS - start)) "$status" "$logs/$name.log"
        exit "$status"
    fi
    printf '==> %s: %d s\n' "$title" $((SECONDS - start))
}

# --- tools -----------------------------------------------------------------------------------

# Where the program of a Debian package is looked for; tests/src/tool.rs looks in the same places.
has() {
    local inside=usr/bin
    case $1 in
        chromium) inside=usr/lib/chromium ;;
        check_*) inside=usr/lib/nagios/plugins ;;
    esac
    command -v "$1" >/dev/null || [ -x "/$inside/$1" ] || [ -x "$tools/root/$inside/$1" ]
}

missing() {
    local program
    for program in prometheus promtool prometheus-node-exporter chromium chromedriver jq minisign check_load go dot rotel-agent \
        prometheus-alertmanager victoria-metrics; do
        has "$program" || echo "$program"
    done
}

# The network fails at times: every use of it gets a second try.
twice() {
    "$@" || { echo "once more in 10 s: $*"; sleep 10; "$@"; }
}

# apt with lists and cache of its own under target/: needs no root, and no lock of the system.
private_apt() {
    apt-get -qq -o Dir::State="$tools/apt/state" -o Dir::State::status=/var/lib/dpkg/status \
        -o Dir::Cache="$tools/apt/cache" -o APT::Sandbox::User=root "$@"
}

# Unpacks packages into target/test-tools/root. No script of theirs runs, so no service starts.
unpack() {
    local packages=$tools/apt/packages package
    rm -rf "$packages"
    mkdir -p "$tools/apt/state/lists/partial" "$tools/apt/cache/archives/partial" \
        "$packages" "$tools/root"
    twice private_apt update || return
    (cd "$packages" && twice private_apt download "$@") || return
    for package in "$packages"/*.deb; do
        dpkg -x "$package" "$tools/root" || return
    done
    rm -rf "$packages"
}

# The packages, and what they depend on and this machine lacks.
unpack_with_dependencies() {
    local all
    mkdir -p "$tools/apt/state/lists/partial" "$tools/apt/cache/archives/partial"
    twice private_apt update || return
    all=$(private_apt --simulate --no-install-recommends install "$@" | awk '$1 == "Inst" { print $2 }')
    [ -n "$all" ] || return
    # shellcheck disable=SC2086 # one word a package
    unpack $all
}

# Has an unpacked dot note its plugins, as its package's script does; tests/src/tool.rs starts it so.
configure_graphviz() {
    local plugins
    plugins=$(find "$tools/root/usr/lib" -maxdepth 2 -type d -name graphviz)
    [ -z "$plugins" ] ||
        GVBINDIR=$plugins LD_LIBRARY_PATH=$(dirname "$plugins") "$tools/root/usr/bin/dot" -c
}

# Runs a command while the packages it installs may start no service.
without_services() (
    policy=/usr/sbin/policy-rc.d
    if [ ! -x "$policy" ] || "$policy" any start >/dev/null 2>&1 || [ $? -ne 101 ]; then
        saved=
        if [ -e "$policy" ]; then
            saved=$(mktemp)
            cp -p "$policy" "$saved"
        fi
        trap 'if [ -n "$saved" ]; then mv "$saved" "$policy"; else rm -f "$policy"; fi' EXIT
        trap 'exit 130' INT TERM
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    "$@"
)

system_install() {
    local apt=(apt-get -qq -o DPkg::Lock::Timeout=900 -o Dpkg::Use-Pty=0)
    export DEBIAN_FRONTEND=noninteractive
    twice "${apt[@]}" update || return
    twice without_services "${apt[@]}" install --yes --no-install-recommends "$@"
}

# A receiver of OTLP: one program in a package of Python's, which is put beside what was unpacked.
install_rotel() {
    local package=rotel==0.0.1a15 place=$tools/rotel program
    rm -rf "$place"
    twice python3 -m pip install --quiet --no-deps --target "$place" "$package" || {
        python3 -m venv "$place/venv" &&
            twice "$place/venv/bin/pip" install --quiet --no-deps "$package"
    } || return
    program=$(find "$place" -name rotel-agent -type f | head -n 1)
    [ -n "$program" ] || return
    mkdir -p "$tools/root/usr/bin"
    install -m 755 "$program" "$tools/root/usr/bin/rotel-agent"
    rm -rf "$place"
}

# Debian's Alertmanager reads its templates from a fixed place, which only an installed one has: where it was
# unpacked it reads them from the folder that it is started in. Both paths have as many letters.
relocate_alertmanager() {
    local program=$tools/root/usr/bin/prometheus-alertmanager
    local fixed=/usr/share/prometheus/alertmanager
    local here=./././././././././././././././././
    [ ! -x "$program" ] || [ -e "$fixed" ] || [ ${#fixed} -ne ${#here} ] ||
        LC_ALL=C sed -i "s#$fixed#$here#g" "$program"
}

# Daemons are only ever unpacked: an installed one would be a service from the next boot on. So are
# the plugins of Nagios, which need nothing that a Debian lacks. Chromium, jq, Go and Graphviz need
# more packages, so root installs them; others unpack those as well.
install_tools() {
    local unpacked=() programs=() program
    for program in $(missing); do
        case $program in
            promtool) unpacked+=(prometheus) ;;
            prometheus* | victoria-metrics) unpacked+=("$program") ;;
            check_*) unpacked+=(monitoring-plugins-basic) ;;
            chromedriver) programs+=(chromium-driver) ;;
            go) programs+=(golang-go) ;;
            dot) programs+=(graphviz) ;;
            rotel-agent) install_rotel || echo "could not install rotel" ;;
            *) programs+=("$program") ;;
        esac
    done
    if [ $((${#unpacked[@]} + ${#programs[@]})) -eq 0 ]; then
        echo "nothing is missing"
        return
    fi
    if ! command -v apt-get >/dev/null || ! command -v dpkg >/dev/null; then
        echo "no apt here: please install $(missing | paste -sd' ') by other means"
        return
    fi
    echo "missing: $(missing | paste -sd' ')"
    if [ ${#unpacked[@]} -gt 0 ]; then
        unpack "${unpacked[@]}" || echo "could not unpack ${unpacked[*]}"
        relocate_alertmanager
    fi
    if [ ${#programs[@]} -gt 0 ]; then
        if [ "$(id -u)" -eq 0 ]; then
            system_install "${programs[@]}" || echo "could not install ${programs[*]}"
        else
            { unpack_with_dependencies "${programs[@]}" && configure_graphviz; } ||
                echo "could not unpack ${programs[*]}: please ask the administrator for them"
        fi
    fi
}

tools_step() {
    install_tools
    local absent
    absent=$(missing | paste -sd' ')
    if [ -n "$absent" ]; then
        echo "*** STILL MISSING: $absent. The tests that need them are skipped."
        [ "${CI-}" != true ] || return 1
    fi
}

# Only benchmarks need these, which no test is: they are unpacked, so that no service starts.
peers_step() {
    unpack_with_dependencies nginx-light rsync openssh-server
}

# --- steps -----------------------------------------------------------------------------------

export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-never}
tests=(cargo test --workspace --locked --no-fail-fast)

if [ "$mode" = peers ]; then
    step peers "Peers" peers_step
    exit 0
fi
if [ "$mode" != quick ]; then
    step tools "Tools" tools_step
    [ "$mode" != tools ] || exit 0
fi
if [ "$mode" != only ]; then
    step format "Format" cargo fmt --all --check -- --color never
    step lints "Lints" cargo clippy --workspace --all-targets --locked --quiet -- -D warnings
fi
step build "Build" cargo build --workspace --locked --quiet
case $mode in
    quick)
        step tests "Unit tests" "${tests[@]}" --exclude gaxx-tests --quiet
        step repository "Repository" cargo test -p gaxx-tests --locked --lib --test repository --quiet
        ;;
    only) step tests "Tests with \"$only\" in their name" "${tests[@]}" -- "$only" ;;
    all)
        step tests "Tests" "${tests[@]}" --quiet
        step chaos "Chaos run" "$target/debug/gaxx-chaos" --faults 100 --rate 5 --plugins 8
        ;;
    soak)
        step tests "Tests" "${tests[@]}" --quiet
        step chaos "Chaos run" cargo run --release -p gaxx-chaos --locked --quiet -- --faults 3000
        step soak "Long tests" "${tests[@]}" --tests -- --ignored --nocapture
        ;;
esac
