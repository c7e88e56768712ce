# A real server for scripts, in a folder of its own. Source this; it sets `service`, `admin` and `access`
# (the addresses and the first access token), and ends the server with the script.
#
#   admit=BINARY; . tests/server.sh; serve FILES…

folder=$(mktemp -d)
server=

end() {
    if [ -n "$server" ]; then
        kill -TERM "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$folder"
}
trap end EXIT
trap 'exit 1' HUP INT TERM

# Goes to the folder, puts these files there, `admit.yaml` among them, and waits until its gates are set up.
serve() {
    cp "$@" "$folder"
    cd "$folder"
    "$admit" issuer keys >keys.json
    mkfifo said
    "$admit" serve --config admit.yaml >said 2>log &
    server=$!
    exec 3<said
    service='' access=''
    while [ -z "$access" ] && IFS= read -r line <&3; do
        # shellcheck disable=SC2086 # Split into words.
        set -- $line
        case ${1:-} in
        service) service=$2 ;;
        admin) admin=$2 ;;
        access) access=$2 ;;
        esac
    done
    # The last line about gates comes when they are set up; an end of the server ends this as well.
    while IFS= read -r line <&3; do
        case $line in *intune-mam*) break ;; esac
    done
    [ -n "$access" ] || { cat log >&2; exit 1; }
}
