#!/usr/bin/env bash
# Jobs on a real PostgreSQL server: the tests of the queue, and workers that are killed while they read 500
# documents. The server is Debian's, with a database folder of its own, and ends with this script.
set -euo pipefail
cd "$(dirname "$0")/../.."

bin=$(find /usr/lib/postgresql -maxdepth 2 -name bin 2> /dev/null | sort -V | tail -1)
if [ -z "$bin" ]; then
    echo "postgres: no PostgreSQL server (apt-get install postgresql)"
    exit 1
fi
folder=$(mktemp -d)
# It refuses to run as root.
as=()
if [ "$(id -u)" = 0 ]; then
    chown postgres "$folder"
    as=(setpriv --reuid=postgres --regid=postgres --clear-groups)
fi
server() { "${as[@]}" "$bin/pg_ctl" -D "$folder/data" -l "$folder/log" -w "$@"; }
end() {
    server stop -m immediate > /dev/null 2>&1 || true
    rm -rf "$folder"
}
trap end EXIT
"${as[@]}" "$bin/initdb" -D "$folder/data" -U recto -A trust -E UTF8 --locale=C.UTF-8 > /dev/null
# A port that is free now; nothing but this machine sees it.
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >> "$folder/data/postgresql.conf" << END
port = $port
listen_addresses = '127.0.0.1'
unix_socket_directories = '$folder'
max_connections = 200
END
server start > /dev/null
export RECTO_TEST_POSTGRES="postgres://recto@127.0.0.1:$port/postgres"
"$@"
