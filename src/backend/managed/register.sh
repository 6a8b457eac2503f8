# Becomes the server "$2" with the arguments that follow, having registered with the guardian of the
# run's directory $1 first. A process keeps its number when it becomes another program, so there is
# no moment at which the server runs and the guardian does not know it.
: >"$1/servers/$$" || exit 126
shift
exec "$@"
