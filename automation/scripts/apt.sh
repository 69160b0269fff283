# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# apt with a private configuration below build/, made from the machine's own
# Debian lines; the machine's configuration is only read.

# apt_lines deb|deb-src: where the machine gets Debian from.
apt_lines()
{
    apt-get indextargets --format \
        "$1"' [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(REPO_URI) $(RELEASE) $(COMPONENT)' \
        'Created-By: Packages' 'Origin: Debian' | sort -u
}

# private_apt deb|deb-src HINT: set apt_options for what follows, and read
# the lists.  HINT is what else a user could do.
private_apt()
{
    local kind=$1 hint=$2 apt=$BUILD/apt/$1 lines

    need apt-get
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
    lines=$(apt_lines "$kind")
    if [ -z "$lines" ] && [ "$(id -u)" -eq 0 ]; then
        step "fetch: update the machine's package lists" fetch-lists apt-get update
        lines=$(apt_lines "$kind")
    fi
    [ -n "$lines" ] ||
        die "apt knows no Debian archive: run 'apt-get update' as root$hint"
    printf '%s\n' "$lines" >"$apt/sources.list"

    apt_options=(-o "Dir::Etc::sourcelist=$apt/sources.list"
                 -o Dir::Etc::sourceparts=/dev/null
                 -o "Dir::State::lists=$apt/lists"
                 -o "Dir::Cache=$apt/cache"
                 -o APT::Sandbox::User=root)
    step "fetch: read the lists of ${kind/deb-src/source} packages" "fetch-$kind" \
        apt-get "${apt_options[@]}" update
}
