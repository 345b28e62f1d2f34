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

if command -v redis-cli >/dev/null && redis-cli ping >/dev/null 2>&1; then
  echo "Redis is running."
elif command -v redis-server >/dev/null; then
  redis-server --daemonize yes --bind 127.0.0.1 --port 6379 --save "" --appendonly no >/dev/null
  echo "Redis was started."
else
  echo "Redis is missing. On Debian and Ubuntu: apt install redis-server" >&2
  exit 1
fi
