# Clears up after a run that could not do so itself: one that was killed.
#
# $1 is the run's directory. Standard input is a pipe that only the run holds the other end of, and
# into which it never writes: the end of input is the end of the run, whatever brought it about.

workspace=$1
# Whatever PATH the run was given: without rm nothing can be cleared up.
PATH=${PATH:+$PATH:}/usr/bin:/bin

# Sends signal $1, or else the one that each server ends on, to every server left. False if there was
# none to send it to.
signal() {
    none_left=1
    for entry in "$workspace"/ended/*; do
        [ -s "$entry" ] || continue
        read -r server ending <"$entry"
        kill -s "${1:-$ending}" "$server" 2>/dev/null && none_left=0
    done
    return "$none_left"
}

# A terminal that closes or a machine that shuts down signals everyone: the servers still have to go.
trap '' HUP INT QUIT TERM

while read -r _; do :; done

# A server registers in this directory before it becomes a server, so from here on none can start.
mv "$workspace/servers" "$workspace/ended"

signal
# A server that a test of faults had paused must wake up to end.
signal CONT
rounds=0
while [ "$rounds" -lt 60 ] && signal 0; do
    sleep 0.1 2>/dev/null || sleep 1
    rounds=$((rounds + 1))
done
signal KILL

# PostgreSQL has a block of System V's shared memory, which outlives it where it was killed. Its
# number is the second word of the seventh line.
for file in "$workspace"/*/data/postmaster.pid; do
    [ -e "$file" ] || continue
    block=$(sed -n '7s/^ *[0-9]* *\([0-9][0-9]*\) *$/\1/p' "$file")
    [ -z "$block" ] || ipcrm -m "$block" 2>/dev/null
done

# A server may write one last file while the directory is being removed.
rm -rf -- "$workspace" || { sleep 1; rm -rf -- "$workspace"; }
