#!/usr/bin/env bash
# Jobs on a PostgreSQL server and in buckets: the tests of the queue, and workers that are killed while they read
# 500 documents. The server is Debian's, with a folder of its own, and ends with this script.
# LONG=1 adds a long document on one worker and on two; DOCUMENTS=N is another number of documents
# (500 by default, 200 where CI is set).
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "$0")/../../scripts/lib.sh"

programs() { find /usr/lib/postgresql -maxdepth 2 -name bin 2> /dev/null | sort -V | tail -n 1; }
[ -n "$(programs)" ] || need postgresql
bin=$(programs)

# A stand-in for S3.
venv=target/test-all/scaling-venv
python_packages "$venv" "moto[s3,server]==5.2.5" boto3==1.44.8

folder=$(mktemp -d)
# It refuses to run as root.
as=()
if [ "$(id -u)" = 0 ]; then
    chown postgres "$folder"
    as=(setpriv --reuid=postgres --regid=postgres --clear-groups)
fi
server() { (cd / && "${as[@]}" "$bin/pg_ctl" -D "$folder/data" -l "$folder/log" -w -m immediate "$@"); }
end() {
    server stop > /dev/null 2>&1 || true
    rm -rf "$folder"
}
trap end EXIT
say "a PostgreSQL server in $folder"
(cd / && quietly "${as[@]}" "$bin/initdb" -D "$folder/data" -U recto -A trust -E UTF8 --locale=C.UTF-8)
# A port that is free now; nothing but this machine sees it.
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"${as[@]}" tee -a "$folder/data/postgresql.conf" > /dev/null << END
port = $port
listen_addresses = '127.0.0.1'
unix_socket_directories = '$folder'
max_connections = 200
END
quietly server start

new_database() {
    "$bin/createdb" -h 127.0.0.1 -p "$port" -U recto "$1"
    echo "postgres://recto@127.0.0.1:$port/$1"
}

say "the tests of the queue on PostgreSQL"
quietly env RECTO_TEST_POSTGRES="postgres://recto@127.0.0.1:$port/postgres" cargo test --features full --test jobs
build_recto

say "buckets"
quietly "$venv/bin/python" tests/scaling/buckets.py "$recto" "$(new_database buckets)"
restart="cd / && ${as[*]} $bin/pg_ctl -D $folder/data -l $folder/log -w -m immediate restart"
documents=${DOCUMENTS:-$([ -n "${CI-}" ] && echo 200 || echo 500)}
say "$documents documents, workers that are killed, a database that restarts"
python3 tests/scaling/chaos.py "$recto" "$(new_database chaos)" "$restart" "$documents"
documents=$((documents / 4))
say "$documents documents, a server that is killed"
python3 tests/scaling/restarts.py "$recto" "$documents"
if [ -n "${LONG-}" ]; then
    say "a long document, one worker and two"
    # shellcheck disable=SC2086
    python3 tests/scaling/long.py "$recto" "$(new_database long)" ${SCAN-}
fi
