#!/bin/sh
# Ready = role and database were brought in step since this start, and the server takes connections over TCP.
set -eu
[ -e /run/postgresql/provisioned ]
# The owner's name: asked for any other, the server would log a refusal each time.
exec pg_isready --quiet --host=127.0.0.1 --timeout=3 \
    --username="$(cat "$OWNER_DIRECTORY/username")" --dbname="$DATABASE"
