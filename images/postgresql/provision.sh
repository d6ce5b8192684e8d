#!/bin/sh
# Makes the application's role and database, or brings the role's password in step with the Secret:
# a data directory that was found again or restored must fit the Secret of this site.
# Environment: as for the entrypoint. Gives up after six hours, as its pod's startup does.
set -eu
left=108000
until pg_isready --quiet --host=/run/postgresql; do
    left=$((left - 1))
    [ "$left" -gt 0 ] || { echo "postgresql: the server did not come up in six hours" >&2; exit 1; }
    sleep 0.2
done

# The password goes through psql's own quoting, never through an argument, the environment or the log.
psql --no-psqlrc --quiet --host=/run/postgresql --username=postgres --dbname=postgres \
    --set=ON_ERROR_STOP=1 --set=directory="$OWNER_DIRECTORY" --set=database="$DATABASE" <<'SQL'
SELECT pg_is_in_recovery() AS recovering \gset
\if :recovering
    \echo postgresql: in recovery, role and database stay as they are
\else
    SET log_min_error_statement = panic;
    SET log_statement = 'none';
    \set owner `cat "$OWNER_DIRECTORY/username"`
    \set password `cat "$OWNER_DIRECTORY/password"`
    SELECT format('CREATE ROLE %I LOGIN', :'owner')
        WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'owner') \gexec
    ALTER ROLE :"owner" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'password';
    SELECT format('CREATE DATABASE %I OWNER %I', :'database', :'owner')
        WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \gexec
    REVOKE CONNECT, TEMPORARY ON DATABASE :"database" FROM PUBLIC;
    REVOKE CONNECT, TEMPORARY ON DATABASE postgres FROM PUBLIC;
    REVOKE CONNECT, TEMPORARY ON DATABASE template1 FROM PUBLIC;
\endif
SQL
: > /run/postgresql/provisioned
echo "postgresql: role and database are as the Secret says"
