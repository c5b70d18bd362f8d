#!/usr/bin/env bash
# Proves, as root, that a clean clone sets itself up on a new Debian 12 machine:
#
#   tests/fresh/prove.sh [FOLDER]      (KEEP=1 keeps the machine's root in FOLDER)
#
# A minimal root holds python3, python3-venv, make, git and ca-certificates, nothing else. In it
#   1. an unprivileged user's `make briefing` fails with one line that names the system packages;
#   2. root's `make briefing` and `make test` pass, and pass again quickly;
#   3. the PDF that `make briefing` names is there, and is one.
# The host's mirror, proxy, certificates and pip settings are passed on; folders that pip's
# settings point at are mounted read-only.
set -euo pipefail

readonly SUITE=bookworm
readonly INCLUDE=python3,python3-venv,make,git,ca-certificates
readonly USER_NAME=reader

say() { printf '\n== %s\n' "$*"; }
die() { printf 'prove.sh: %s\n' "$*" >&2; exit 1; }

[ "$(id -u)" -eq 0 ] || die "has to run as root: it makes and mounts a root file system"
command -v debootstrap >/dev/null || die "debootstrap is missing; as root: apt-get install debootstrap"

# A mount name space of our own: whatever happens to this script, no mount outlives it.
if [ -z "${OWN_MOUNTS:-}" ] && unshare --mount true 2>/dev/null; then
    exec env OWN_MOUNTS=1 unshare --mount bash "${BASH_SOURCE[0]}" "$@"
fi

repository=$(git -C "$(dirname "${BASH_SOURCE[0]}")" rev-parse --show-toplevel)
git -C "$repository" rev-parse --quiet --verify HEAD >/dev/null || die "nothing is committed yet"

named=${1:-}
place=${named:-$(mktemp -d)}
mkdir -p "$place"
place=$(realpath "$place")
root=$place/root
[ ! -e "$root" ] || die "$root exists already; name another folder or remove it"

mounts=()
clean_up() {
    local status=$? index
    for ((index = ${#mounts[@]} - 1; index >= 0; index--)); do
        umount "${mounts[index]}" || umount --lazy "${mounts[index]}" || true
    done
    if [ -n "${KEEP:-}" ]; then
        echo "kept: $root"
    else
        rm -rf --one-file-system "$root"
        [ -n "$named" ] || rmdir --ignore-fail-on-non-empty "$place" # not with the log of a failure
    fi
    exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

mount_at() { # options ... folder
    local folder=${*: -1}
    mkdir -p "$folder"
    mount "$@"
    mounts+=("$folder")
}

# ---- what the host says about reaching the outside

# shellcheck disable=SC2016  # these are apt's own placeholders
mirror() { # of the host, where it is a Debian of the same suite with readable sources
    apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' \
        2>/dev/null | awk -v suite="$SUITE" '$1 == suite && $2 == "main" {print $3; exit}'
}

settings=() # NAME=value, for everything that runs inside
pass_on_settings() {
    local name line key value
    while IFS= read -r name; do
        [ -z "${!name}" ] || settings+=("$name=${!name}")
    done < <(compgen -e | grep -E '^(PIP_.*|SSL_CERT_(FILE|DIR)|(REQUESTS|CURL)_CA_BUNDLE|GIT_SSL_CAINFO|.*_(proxy|PROXY))$')
    # Files of pip's settings are passed as variables; a variable that is set goes before a file.
    while IFS= read -r line; do
        [[ $line =~ ^(global|install)\.([a-z-]+)=\'(.*)\'$ ]] || continue
        key=PIP_$(tr 'a-z-' 'A-Z_' <<<"${BASH_REMATCH[2]}")
        value=${BASH_REMATCH[3]}
        [ -n "${!key:-}" ] || settings+=("$key=$value")
    done < <(python3 -m pip config list 2>/dev/null || true)
}

mount_what_settings_name() {
    local setting word path
    for setting in "${settings[@]}"; do
        for word in ${setting#*=}; do
            case $word in
                file:///*) path=$(dirname "${word#file://}") ;; # an index links to its neighbours
                /*) path=$word ;;
                *) continue ;;
            esac
            if [ "$path" = / ] || [ ! -e "$path" ] || mountpoint -q "$root$path"; then
                continue
            elif [ -d "$path" ] && [ ! -d "$root$path" ]; then
                mount_at --bind --read-only "$path" "$root$path"
            elif [ -f "$path" ]; then
                mkdir -p "$(dirname "$root$path")"
                cp --remove-destination --dereference "$path" "$root$path"
            fi
        done
    done
}

# ---- the machine

# shellcheck disable=SC2016  # expanded inside
inside() { # user command ...
    local user=$1
    shift
    chroot --userspec="$user:$user" "$root" /usr/bin/env -i HOME="/srv/$user" USER="$user" \
        LANG=C.UTF-8 TERM=dumb PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        "${settings[@]}" sh -c 'cd "$HOME/briefing" && exec "$@"' sh "$@"
}

make_machine() {
    local from user
    from=$(mirror || true)
    say "making a minimal Debian 12 ($SUITE) ..."
    debootstrap --variant=minbase --include="$INCLUDE" "$SUITE" "$root" ${from:+"$from"} \
        >"$place/debootstrap.log" 2>&1 || { tail -n 5 "$place/debootstrap.log" >&2; die "debootstrap failed"; }
    rm "$place/debootstrap.log"
    mount_at -t proc proc "$root/proc"
    mount_at -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
    mount_at -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
    cp --dereference /etc/resolv.conf "$root/etc/resolv.conf"
    [ ! -r /etc/ssl/certs/ca-certificates.crt ] || cp --remove-destination --dereference \
        /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
    apt-config dump 2>/dev/null | grep -E '^Acquire::https?::[^"]*"[^"]+"' \
        >"$root/etc/apt/apt.conf.d/90host" || true
    pass_on_settings
    mount_what_settings_name
    chroot "$root" useradd --home-dir "/srv/$USER_NAME" "$USER_NAME"
    for user in root "$USER_NAME"; do
        git clone --quiet --no-hardlinks "$repository" "$root/srv/$user/briefing"
        chroot "$root" chown -R "$user:$user" "/srv/$user"
    done
}

# ---- the proofs

refused_in_one_line() {
    local log=$place/refused.log lines
    say "make briefing, as a user who may not install system packages ..."
    if inside "$USER_NAME" make briefing >"$log" 2>&1; then
        die "it passed without Pango"
    fi
    cat "$log"
    lines=$(grep -c libpango "$log" || true)
    [ "$lines" = 1 ] || die "$lines lines name the missing packages; it should be one"
    grep -q 'cannot be installed from here: .*Run as root: apt-get install ' "$log" || die "the line does not say what to do"
    ! grep -q Traceback "$log" || die "it ended in a traceback"
    rm "$log"
}

timed() { # target
    local start=$SECONDS log=$place/$1.log
    say "make $1 ..."
    inside root make "$1" 2>&1 | tee "$log" || die "make $1 failed"
    took=$((SECONDS - start))
    echo "   make $1: $took s"
}

names_a_pdf() {
    local pdf
    pdf=$(grep -oE '[^[:space:]]+\.pdf' "$place/briefing.log" | tail -n 1) || die "make briefing names no PDF"
    [ "$(inside root head -c 4 "$pdf")" = %PDF ] || die "$pdf is no PDF"
    echo "   $pdf: $(inside root stat -c %s "$pdf") bytes"
}

make_machine
refused_in_one_line
summary=()
for round in first second; do
    for target in briefing test; do
        timed "$target"
        summary+=("make $target, $round time: $took s")
        [ "$target" != briefing ] || names_a_pdf
        if [ "$round" = second ] && grep -q 'installing' "$place/$target.log"; then
            die "the second make $target installed something again"
        fi
    done
done
[ -z "$(inside root git status --porcelain)" ] || die "the clone is no longer clean: $(inside root git status --short)"
rm -f "$place"/briefing.log "$place"/test.log
say "proved on a new Debian 12"
printf '   %s\n' "${summary[@]}"
