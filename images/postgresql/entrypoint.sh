#!/bin/sh
# Makes the data directory once, starts the server, keeps the application's role and database
# in step with the Secret, and stops the server quickly on TERM.
#
# Environment: PGDATA (a directory *inside* the volume), OWNER_DIRECTORY (files `username` and
# `password`), DATABASE (name of the application's database). Arguments go to the server.
set -eu
: "${PGDATA:?}" "${OWNER_DIRECTORY:?}" "${DATABASE:?}"

# A power cut in the middle leaves PGDATA.new, which never counts: it is made again from nothing.
# The rename is the only step that makes a data directory count.
if [ ! -e "$PGDATA" ]; then
    rm -rf "$PGDATA.new"
    initdb --pgdata="$PGDATA.new" --username=postgres --encoding=UTF8 --locale=C.UTF-8 \
        --data-checksums --auth=reject --no-sync
    # Everything is on the disk before the name says so.
    sync
    mv "$PGDATA.new" "$PGDATA"
    sync
elif [ ! -s "$PGDATA/PG_VERSION" ]; then
    echo "postgresql: $PGDATA is there but holds no database; refusing to make one over it" >&2
    exit 1
fi

# Kubernetes opens a volume that it has not seen to its group, with everything in it; the server refuses such a directory.
chmod 0700 "$PGDATA"

rm -f /run/postgresql/provisioned
postgres -D "$PGDATA" --config-file=/etc/postgresql/postgresql.conf "$@" &
server=$!
# TERM would wait for every client to leave; INT ends their sessions and stops cleanly.
trap 'kill -INT "$server" 2>/dev/null || true' TERM INT

postgresql-provision &

# `wait` also returns when a trap ran; the server's end is what counts.
status=0
while kill -0 "$server" 2>/dev/null; do
    status=0
    wait "$server" || status=$?
done
exit "$status"
