#!/bin/sh
# Builds gaxx-mon and two example plugins, puts those into the plugins folder, and starts it there:
#
#   sh examples/run.sh [ARGUMENTS OF gaxx-mon]
#
# It may be called from any folder. The first build takes some minutes.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
plugins=$root/plugins
case $target in
    /*) ;;
    *) target=$PWD/$target ;;
esac

if ! command -v cargo >/dev/null; then
    echo "cargo is not there: install Rust 1.95 or later, see https://rustup.rs" >&2
    exit 1
fi

echo "Building gaxx-mon and the example plugins tcp-port and directory ..."
# Cargo looks for its configuration, .cargo/config.toml, where it is run.
(cd "$root" && cargo build --release --locked --target-dir "$target" \
    -p gaxx-mon -p gaxx-example-tcp-port -p gaxx-example-directory)

# gaxx-mon loads nothing from where others may write.
chmod go-w "$plugins"
for library in libtcp_port.so libdirectory.so; do
    # Renamed into place: a library that is written over while it is read would be refused.
    cp "$target/release/$library" "$plugins/.$library.part"
    chmod 755 "$plugins/.$library.part"
    mv -f "$plugins/.$library.part" "$plugins/$library"
    echo "Installed plugins/$library"
done

echo "Starting gaxx-mon. Unless told otherwise, its dashboard is at http://127.0.0.1:9090/dashboard"
exec "$target/release/gaxx-mon" --plugins "$plugins" "$@"
