# Becomes the server "$3" with the arguments that follow, having registered with the guardian of the
# run's directory $1 first, as one that ends on the signal $2. A process keeps its number when it
# becomes another program, so there is no moment at which the server runs and the guardian does not
# know it.
#
# Standard input is the entry in the register, opened by the run: a server that runs as another user
# could not open it, nor anyone else who is that user.
echo "$$ $2" >&0 || exit 126
# Whoever registers after the guardian has read the register is nobody's: it has moved it by then.
[ -d "$1/servers" ] || exit 126
shift 2
exec "$@" </dev/null
