#!/bin/sh
# Start PostgreSQL and Redis on this machine where they are not running already.
set -eu

if command -v pg_isready >/dev/null && pg_isready -q; then
  echo "PostgreSQL is running."
elif command -v pg_ctlcluster >/dev/null; then
  version=$(ls /etc/postgresql | sort -n | tail -1)
  pg_ctlcluster --skip-systemctl-redirect "$version" main start
  echo "PostgreSQL $version was started."
else
  echo "PostgreSQL is missing. On Debian and Ubuntu: apt install postgresql" >&2
  exit 1
fi

address=${SERVICE_DATABASE_URL:-postgres://root@127.0.0.1:5432/postgres}
# Where PostgreSQL has just been installed it knows nobody but itself.
if [ -n "${CI:-}" ] && ! psql "$address" -c "SELECT 1" >/dev/null 2>&1; then
  su postgres -c "psql --quiet --port ${PGPORT:-5432} --command \"CREATE ROLE root SUPERUSER LOGIN PASSWORD '$PGPASSWORD'\""
fi
if ! psql "$address" -c "SELECT 1" >/dev/null 2>&1; then
  echo "PostgreSQL does not let the tests in at $address." >&2
  echo "Name another address, of somebody who may create databases, in SERVICE_DATABASE_URL," >&2
  echo "or, on a machine for tests alone, let everybody in from it (pg_hba.conf: host all all 127.0.0.1/32 trust)" >&2
  echo "and make the role: su postgres -c 'createuser --superuser root'" >&2
  exit 1
fi

if command -v redis-cli >/dev/null && redis-cli ping >/dev/null 2>&1; then
  echo "Redis is running."
elif command -v redis-server >/dev/null; then
  redis-server --daemonize yes --bind 127.0.0.1 --port 6379 --save "" --appendonly no >/dev/null
  echo "Redis was started."
else
  echo "Redis is missing. On Debian and Ubuntu: apt install redis-server" >&2
  exit 1
fi
