# Sourced by `run` and `test`: what the machine must have, installed where that is possible, and steps with their time.

# needs COMMAND PACKAGE ...: the Debian packages of the commands that are missing are installed (as root) or named.
needs() {
    local missing=()
    while [ $# -gt 0 ]; do
        command -v "$1" >/dev/null 2>&1 || missing+=("$2")
        shift 2
    done
    install_packages "${missing[@]}"
}

install_packages() {
    [ $# -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
        echo "missing: $*. Install with: sudo apt-get install $*" >&2
        return 1
    fi
    DEBIAN_FRONTEND=noninteractive apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# step NAME COMMAND ...: says what runs and how long it took; a failure ends the script.
step() {
    local name=$1 start=$SECONDS
    shift
    printf '\n==> %s\n' "$name"
    "$@"
    printf '    %s: %d s\n' "$name" "$((SECONDS - start))"
}
