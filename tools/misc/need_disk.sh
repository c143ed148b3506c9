# For the scripts that make environments, which source this file.

# need_disk ENVIRONMENT GB WHEELS_GB: says so where there is less room than making it takes at its
# peak, when what pip has downloaded lies beside what it installs from that.
need_disk() {
    local folder=${TMPDIR:-/tmp} free
    if free=$(free_gb .) && [ "$free" -lt "$2" ]; then
        echo "mmgreen: making $1 takes up to $2 GB of disk, and $free GB are free in $PWD: it may stop halfway; free some first." >&2
    elif [ "$(device_of .)" != "$(device_of "$folder")" ] && free=$(free_gb "$folder") && [ "$free" -lt "$3" ]; then
        echo "mmgreen: pip downloads up to $3 GB to $folder, and $free GB are free there: it may stop halfway; name another folder in TMPDIR." >&2
    fi
}

# The lines of df are a heading, then device, size, used and free blocks of 1,024 bytes.
free_gb() {
    local free
    { read -r _ && read -r _ _ _ free _; } < <(df -Pk "$1" 2>/dev/null) && echo $((free * 1024 / 1000000000))
}

device_of() {
    local device
    { read -r _ && read -r device _; } < <(df -Pk "$1" 2>/dev/null) && echo "$device"
}
