#!/bin/sh
# As the registry's image: what is no program of the system is an argument of node's.
set -e
if [ "${1#-}" != "${1}" ] || [ -z "$(command -v "${1}")" ]; then
    set -- node "$@"
fi
exec "$@"
